package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// idp is an identity provider that pushes: a SCIM client that sends what the vendor's
// sends, and says what it was answered.
type idp struct {
	stage  *stage
	name   string // as the transcript calls it
	agent  string // User-Agent
	path   string // of its listener
	token  string
	client http.Client
	ids    map[string]string // of what it made, by userName or displayName
}

// The SCIM schemas and messages of the story.
const (
	userSchema       = "urn:ietf:params:scim:schemas:core:2.0:User"
	enterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	groupSchema      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	patchSchema      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

type object = map[string]any

// send sends one request. An error means that there was no whole answer.
func (p *idp) send(ctx context.Context, method, path string, body any) (status int, answer object, err error) {
	var data []byte
	if body != nil {
		if data, err = json.Marshal(body); err != nil {
			return 0, nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, p.stage.public+p.path+path, bytes.NewReader(data))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	req.Header.Set("Content-Type", "application/scim+json; charset=utf-8")
	req.Header.Set("User-Agent", p.agent)
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	if data, err = io.ReadAll(resp.Body); err != nil || len(data) == 0 {
		return resp.StatusCode, nil, err
	}
	return resp.StatusCode, answer, json.Unmarshal(data, &answer)
}

// expect sends a request that must be answered with this status.
func (p *idp) expect(ctx context.Context, status int, method, path string, body any) (object, error) {
	got, answer, err := p.send(ctx, method, path, body)
	if err != nil {
		return nil, fmt.Errorf("%s: %s %s: %w", p.name, method, path, err)
	}
	if got != status {
		return answer, fmt.Errorf("%s: %s %s was answered with %d, not %d: %v", p.name, method, path, got, status, answer)
	}
	return answer, nil
}

// show is expect, and prints request and answer.
func (p *idp) show(ctx context.Context, status int, method, path string, body any) (object, error) {
	answer, err := p.expect(ctx, status, method, path, body)
	if err != nil {
		return nil, err
	}
	readable, err := url.QueryUnescape(path)
	if err != nil {
		return nil, err
	}
	line := fmt.Sprintf("  %s  %s %s%s", p.name, method, p.path, readable)
	said := fmt.Sprintf(" → %d", status)
	if total, ok := answer["totalResults"]; ok {
		said += fmt.Sprintf(", %v found", total)
	}
	for _, part := range fold(line + brief(body) + said) {
		p.stage.line(part)
	}
	return answer, nil
}

// mostOfABody is how much of a body the transcript shows.
const mostOfABody = 150

// brief is a body without what every message says of itself.
func brief(body any) string {
	o, ok := body.(object)
	if !ok {
		return ""
	}
	short := object{}
	for k, v := range o {
		if k != "schemas" {
			short[k] = v
		}
	}
	data, err := json.Marshal(short)
	if err != nil {
		return ""
	}
	text := strings.ReplaceAll(string(data), `,"`, `, "`)
	if utf8.RuneCountInString(text) > mostOfABody {
		text = string([]rune(text)[:mostOfABody]) + "…"
	}
	return " " + text
}

// find asks for somebody by userName, as providers do before they create.
func (p *idp) find(ctx context.Context, name string) (found int, err error) {
	answer, err := p.expect(ctx, http.StatusOK, http.MethodGet, "/Users?filter="+url.QueryEscape(`userName eq "`+name+`"`)+"&startIndex=1&count=100", nil)
	if err != nil {
		return 0, err
	}
	total, ok := answer["totalResults"].(float64)
	if !ok {
		return 0, fmt.Errorf("%s: a list without totalResults: %v", p.name, answer)
	}
	return int(total), nil
}

// note keeps the id of what was made.
func (p *idp) note(name string, answer object) error {
	id, ok := answer["id"].(string)
	if !ok {
		return fmt.Errorf("%s: the answer about %s has no id: %v", p.name, name, answer)
	}
	p.ids[name] = id
	return nil
}

// hire looks for somebody and makes them.
func (p *idp) hire(ctx context.Context, w who, shown bool) error {
	if n, err := p.find(ctx, w.email()); err != nil || n != 0 {
		return errors.Join(err, fmt.Errorf("%s: %s is there %d times before they were pushed", p.name, w.email(), n))
	}
	send := p.expect
	if shown {
		send = p.show
	}
	answer, err := send(ctx, http.StatusCreated, http.MethodPost, "/Users", w.user())
	if err != nil {
		return err
	}
	return p.note(w.email(), answer)
}

// patch is a PATCH with operations.
func patch(operations ...object) object {
	return object{"schemas": []string{patchSchema}, "Operations": operations}
}

// members are values of a group's members, as Okta and Entra write them.
func (p *idp) members(names ...string) []object {
	var out []object
	for _, name := range names {
		out = append(out, object{"value": p.ids[name], "display": name})
	}
	return out
}

// who is somebody in the story.
type who struct{ given, family string }

func (w who) email() string {
	return strings.ToLower(w.given+"."+w.family) + "@harbour.example"
}

// user is the body that makes them.
func (w who) user() object {
	return object{
		"schemas": []string{userSchema}, "userName": w.email(), "externalId": "00u" + strings.ToLower(w.given+w.family), "active": true,
		"name": object{"givenName": w.given, "familyName": w.family}, "displayName": w.given + " " + w.family,
		"emails": []object{{"primary": true, "value": w.email(), "type": "work"}},
	}
}

// becomesTrue is how long the story waits for what it expects, on a machine however slow.
const becomesTrue = time.Minute

// becomes waits until the company says what check wants, and tells how long that took.
func (s *stage) becomes(ctx context.Context, check func() error) (took time.Duration, err error) {
	began := time.Now()
	for {
		if err = check(); err == nil {
			return time.Since(began), nil
		}
		if ctx.Err() != nil || time.Since(began) > becomesTrue {
			return 0, fmt.Errorf("it did not come about: %w", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// arrives waits for people to have a state in Atlassian, and says how long it took.
func (s *stage) arrives(ctx context.Context, what, status string, people []string, groups ...string) error {
	took, err := s.becomes(ctx, func() error {
		for _, email := range people {
			if err := s.access(ctx, email, status, groups...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	s.say(fmt.Sprintf("%s, %.1f seconds later, says Atlassian itself.", what, took.Seconds()))
	return nil
}

func emails(people []who) []string {
	var out []string
	for _, w := range people {
		out = append(out, w.email())
	}
	slices.Sort(out)
	return out
}
