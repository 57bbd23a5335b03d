package atlassian

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"sort"
	"strconv"
	"strings"

	"syncgateway/examples/sandbox/fault"
	"syncgateway/examples/sandbox/reqlog"
)

func writeJSON(w http.ResponseWriter, status int, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("atlassian stand-in: encode answer: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	w.Write(raw)
}

// object is a JSON object to be answered.
type object map[string]any

// note records what a request changed.
func note(r *http.Request, op string, a *account, g *group, detail string) {
	e := reqlog.Effect{Op: op, Detail: detail}
	if a != nil {
		e.User, e.Email = a.id, a.live.email
	}
	if g != nil {
		e.Group, e.GroupName = g.id, g.name
	}
	reqlog.FromContext(r.Context()).Add(e)
}

// adminError is the organisation API's error body.
func adminError(w http.ResponseWriter, status int, code, detail string) {
	writeJSON(w, status, object{"errors": []object{{
		"id": "e7b7f9a2-sandbox", "status": strconv.Itoa(status), "code": code, "title": http.StatusText(status), "detail": detail,
	}}})
}

// siteError is the site's error body.
func siteError(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, object{"errorMessages": []string{message}, "errors": object{}})
}

// decode reads a JSON object from the body; an empty body is an empty object.
func decode(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	err := d.Decode(into)
	if err != nil && err.Error() == "EOF" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the request body: %w", err)
	}
	return nil
}

// cursor carries a whole query: with it the API ignores every other parameter.
type cursor struct {
	Query json.RawMessage `json:"q"`
	After string          `json:"a"`
	Salt  string          `json:"s,omitempty"`
}

func (c cursor) String() string {
	raw, err := json.Marshal(c)
	if err != nil {
		panic("atlassian stand-in: encode cursor: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func readCursor(text string) (cursor, error) {
	var c cursor
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil {
		return c, fmt.Errorf("invalid page cursor: %w", err)
	}
	return c, nil
}

// page cuts one page out of items, sorted by id, and gives the links object. query is what next has to remember.
func page[T any](r *http.Request, items []T, id func(T) string, c cursor, limit int) ([]T, object) {
	offset := 0
	if c.After != "" {
		offset = sort.Search(len(items), func(i int) bool { return id(items[i]) > c.After })
	}
	v := fault.FromContext(r.Context()).Page(len(items), offset, limit)
	links := object{"self": c.String()}
	if v.Next >= 0 {
		next := cursor{Query: c.Query, Salt: v.Salt}
		if v.Next > 0 {
			next.After = id(items[v.Next-1])
		}
		links["next"] = next.String()
		if v.Same {
			links["next"] = links["self"]
		}
	}
	return items[v.From:v.To], links
}

// offsets reads startAt and maxResults; a page above most is lowered to it.
func offsets(r *http.Request, standard, most int) (start, size int, err error) {
	size = standard
	for name, into := range map[string]*int{"startAt": &start, "maxResults": &size} {
		text := r.URL.Query().Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return 0, 0, fmt.Errorf("%s must be a number of at least 0", name)
		}
		*into = n
	}
	if size == 0 {
		size = standard
	}
	return start, min(size, most), nil
}

// offsetPage cuts a page by position, as the site does.
func offsetPage[T any](r *http.Request, items []T, start, size int) ([]T, fault.View) {
	plan := fault.FromContext(r.Context())
	if plan.Is(fault.RepeatCursor) {
		start = 0 // the cursor is the client's own offset: answering the first page for ever comes nearest
	}
	if plan.Is(fault.DuplicatePage) {
		start = max(0, start-size)
	}
	v := plan.Page(len(items), start, size)
	return items[v.From:v.To], v
}

// pageBean is the site's page with a total.
func (o *Org) pageBean(r *http.Request, values any, v fault.View, start, size int) object {
	out := object{
		"self": o.siteURL + r.URL.RequestURI(), "startAt": start, "maxResults": size, "total": v.Total,
		"isLast": v.Next < 0, "values": values,
	}
	if v.Next >= 0 {
		q := r.URL.Query()
		q.Set("startAt", strconv.Itoa(start+size))
		out["nextPage"] = o.siteURL + r.URL.Path + "?" + q.Encode()
	}
	return out
}

func fold(s string) string { return strings.ToLower(s) }
