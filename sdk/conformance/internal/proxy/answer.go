package proxy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// answer is what the fake said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a *answer) ok() bool { return a.status >= 200 && a.status < 300 }

func (a *answer) document() (any, bool) {
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err == nil
}

func (a *answer) replace(document any) {
	if b, err := json.Marshal(document); err == nil {
		a.body = b
	}
}

// at follows a path like "result.items".
func at(v any, path string) any {
	for _, name := range split(path) {
		object, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = object[name]
	}
	return v
}

// put sets what is at a path, making the objects on the way.
func put(v any, path string, value any) any {
	names := split(path)
	if len(names) == 0 {
		return value
	}
	object, ok := v.(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	object[names[0]] = put(object[names[0]], strings.Join(names[1:], "."), value)
	return object
}

func split(path string) []string {
	if path == "" {
		return nil
	}
	return strings.Split(path, ".")
}

// items are the records of a listing; ok is false for an answer that is none.
func (a *answer) items(p Paging) (list []any, ok bool) {
	if !a.ok() {
		return nil, false
	}
	document, ok := a.document()
	if !ok {
		return nil, false
	}
	_, list, ok = p.records(document)
	return list, ok
}

// records finds the list in a document, at the first of the paths that leads to one.
func (p Paging) records(document any) (path string, list []any, ok bool) {
	for path := range strings.SplitSeq(p.Items, ",") {
		path = strings.TrimSpace(path)
		if list, ok := at(document, path).([]any); ok {
			return path, list, true
		}
	}
	return "", nil, false
}

// next is where the next page of a listing is, empty on the last one and for what is
// no listing.
func (a *answer) next(p Paging) string {
	if _, listing := a.items(p); !listing {
		return ""
	}
	if p.Next == "" {
		_, target := a.link()
		return target
	}
	document, _ := a.document()
	switch cursor := at(document, p.Next).(type) {
	case string:
		return cursor
	case json.Number:
		return cursor.String()
	}
	return ""
}

// link finds the header line of rel="next" and its target.
func (a *answer) link() (line int, target string) {
	for i, value := range a.header.Values("Link") {
		for part := range strings.SplitSeq(value, ",") {
			address, relation, _ := strings.Cut(strings.TrimSpace(part), ">")
			if strings.HasPrefix(address, "<") && strings.Contains(strings.ToLower(relation), `rel="next"`) {
				return i, address[1:]
			}
		}
	}
	return -1, ""
}

// setNext makes the answer name another next page.
func (a *answer) setNext(p Paging, next string) {
	if p.Next != "" {
		if document, ok := a.document(); ok {
			value := any(next)
			if _, number := at(document, p.Next).(json.Number); number {
				value = json.Number(next)
			}
			a.replace(put(document, p.Next, value))
		}
		return
	}
	line, old := a.link()
	if line < 0 {
		a.header.Add("Link", fmt.Sprintf("<%s>; rel=%q", next, "next"))
		return
	}
	values := a.header.Values("Link")
	values[line] = strings.Replace(values[line], "<"+old+">", "<"+next+">", 1)
}

// firstNumber is the first of the numbers that stand for requests: no listing is so
// long.
const firstNumber = 1_700_000_001

// mint makes a cursor that stands for the request of x, in the form in which the fake
// gives its own.
func (f *Front) mint(x *exchange, like string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := fmt.Sprintf("kit-cursor-%d", len(f.minted)+1)
	if _, err := strconv.ParseInt(like, 10, 64); err == nil { // a cursor that is a number stays one
		name = strconv.Itoa(firstNumber + len(f.minted))
	}
	f.minted[name] = x.asked
	if f.paging.Next != "" && !strings.HasPrefix(like, "http") {
		return name
	}
	query := x.asked.query
	if query != "" {
		query += "&"
	}
	return x.face.public + x.asked.path + "?" + query + "kit=" + name
}

// unmint finds the request that a cursor of ours stands for.
func (f *Front) unmint(q saved) saved {
	for name, original := range f.minted {
		if strings.Contains(q.query, name) || bytes.Contains(q.body, []byte(name)) {
			return original
		}
	}
	return q
}
