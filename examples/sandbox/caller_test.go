package sandbox_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"syncgateway/examples/sandbox"
)

func start(t *testing.T, o sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	sb, err := sandbox.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sb.Close(); err != nil {
			t.Error(err)
		}
	})
	return sb
}

// caller makes requests with the right credential for each server.
type caller struct {
	t      *testing.T
	sb     *sandbox.Sandbox
	client *http.Client
}

func newCaller(t *testing.T, sb *sandbox.Sandbox) caller { return caller{t, sb, &http.Client{}} }

// answer is a response read whole.
type answer struct {
	status int
	header http.Header
	raw    []byte
	t      *testing.T
}

func (a answer) list() []map[string]any {
	a.t.Helper()
	var out []map[string]any
	a.into(&out)
	return out
}

func (a answer) object() map[string]any {
	a.t.Helper()
	var out map[string]any
	a.into(&out)
	return out
}

func (a answer) into(v any) {
	a.t.Helper()
	if err := json.Unmarshal(a.raw, v); err != nil {
		a.t.Fatalf("decode %.200s: %v", a.raw, err)
	}
}

func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %.400s", a.status, status, a.raw)
	}
	return a
}

// next is the URL of the Link header with rel="next", or "".
func (a answer) next() string {
	for _, line := range a.header.Values("Link") {
		if address, ok := strings.CutSuffix(line, `>; rel="next"`); ok {
			return strings.TrimPrefix(address, "<")
		}
	}
	return ""
}

func (c caller) try(method, url string, body any, edit func(*http.Request)) (answer, error) {
	c.t.Helper()
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			c.t.Fatal(err)
		}
		content = bytes.NewReader(raw)
	}
	r, err := http.NewRequest(method, url, content)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	edit(r)
	resp, err := c.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, raw, c.t}, err
}

func (c caller) do(method, url string, body any, edit func(*http.Request)) answer {
	c.t.Helper()
	a, err := c.try(method, url, body, edit)
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

func (c caller) ssws(r *http.Request) { r.Header.Set("Authorization", "SSWS "+c.sb.Okta.Token()) }
func (c caller) bearer(r *http.Request) {
	r.Header.Set("Authorization", "Bearer "+c.sb.Atlassian.OrgKey)
}
func (c caller) basic(r *http.Request) { r.SetBasicAuth(c.sb.Atlassian.Email, c.sb.Atlassian.Token) }

// okta gets a path below /api/v1, or a whole URL.
func (c caller) okta(path string) answer {
	c.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = c.sb.OktaURL + "/api/v1" + path
	}
	return c.do("GET", path, nil, c.ssws)
}

// oktaAll follows the next links.
func (c caller) oktaAll(path string) (all []map[string]any, pages int) {
	c.t.Helper()
	for path != "" {
		a := c.okta(path).want(http.StatusOK)
		all = append(all, a.list()...)
		path = a.next()
		if pages++; pages > 10_000 {
			c.t.Fatal("the listing does not end")
		}
	}
	return all, pages
}

// dir calls the organisation API below its directory.
func (c caller) dir(method, path string, body any) answer {
	c.t.Helper()
	a := c.sb.Atlassian
	return c.do(method, c.sb.APIURL+"/admin/v2/orgs/"+a.OrgID+"/directories/"+a.DirectoryID+path, body, c.bearer)
}

func (c caller) org(method, path string, body any) answer {
	c.t.Helper()
	return c.do(method, c.sb.APIURL+"/admin/v2/orgs/"+c.sb.Atlassian.OrgID+path, body, c.bearer)
}

func (c caller) manage(method, account, path string, body any) answer {
	c.t.Helper()
	return c.do(method, c.sb.APIURL+"/users/"+account+"/manage"+path, body, c.bearer)
}

func (c caller) site(method, path string, body any) answer {
	c.t.Helper()
	return c.do(method, c.sb.SiteURL+"/rest/api/3"+path, body, c.basic)
}

// page is the shape of the organisation API's searches.
type page struct {
	Data  []map[string]any
	Links struct{ Self, Next string }
}

func (c caller) search(path string, body map[string]any) page {
	c.t.Helper()
	var p page
	c.dir("POST", path, body).want(http.StatusOK).into(&p)
	return p
}

// searchAll follows the cursors.
func (c caller) searchAll(path string, body map[string]any) (all []map[string]any, pages int) {
	c.t.Helper()
	for {
		p := c.search(path, body)
		all = append(all, p.Data...)
		if pages++; p.Links.Next == "" {
			return all, pages
		}
		if pages > 10_000 {
			c.t.Fatal("the search does not end")
		}
		body = map[string]any{"cursor": p.Links.Next}
	}
}

// groupID and accountID look names up in the stand-in's own state.
func (c caller) groupID(name string) string {
	c.t.Helper()
	g, ok := c.sb.Atlassian.Group(name)
	if !ok {
		c.t.Fatalf("no group %q", name)
	}
	return g.ID
}

func (c caller) accountID(email string) string {
	c.t.Helper()
	u, ok := c.sb.Atlassian.User(email)
	if !ok {
		c.t.Fatalf("no account %q", email)
	}
	return u.ID
}

func errorCode(a answer) string {
	a.t.Helper()
	var body struct{ Errors []struct{ Code string } }
	a.into(&body)
	if len(body.Errors) == 0 {
		return ""
	}
	return body.Errors[0].Code
}

func distinct(t *testing.T, list []map[string]any, key string) map[string]bool {
	t.Helper()
	seen := map[string]bool{}
	for _, item := range list {
		id, _ := item[key].(string)
		if id == "" || seen[id] {
			t.Fatalf("%q missing or twice in %v", id, item)
		}
		seen[id] = true
	}
	return seen
}
