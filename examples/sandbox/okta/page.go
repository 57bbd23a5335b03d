package okta

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"

	"syncgateway/examples/sandbox/fault"
)

// fromStart is a cursor before every id.
const fromStart = "0"

// limits of one listing's limit parameter. A value above most is lowered to it, or refused if strict.
type pageSize struct {
	standard, least, most int
	strict                bool
}

func (p pageSize) parse(r *http.Request) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return p.standard, nil
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil || n < p.least:
		return 0, fmt.Errorf("limit: must be a number of at least %d", p.least)
	case n > p.most && p.strict:
		return 0, fmt.Errorf("limit: must not be greater than %d", p.most)
	}
	return min(n, p.most), nil
}

// list answers one page of items, which are sorted by id, and the Link headers.
func list[T any](o *Org, w http.ResponseWriter, r *http.Request, size pageSize, items []T, id func(T) string, show func(T) any) {
	limit, err := size.parse(r)
	if err != nil {
		o.fail(w, http.StatusBadRequest, "E0000001", "Api validation failed: limit", err.Error())
		return
	}
	plan := fault.FromContext(r.Context())
	after := r.URL.Query().Get("after")
	offset := 0
	if after != "" {
		key, _, _ := strings.Cut(after, ".")
		offset = sort.Search(len(items), func(i int) bool { return id(items[i]) > key })
	}
	view := plan.Page(len(items), offset, limit)
	o.link(w, r, "self", "")
	if view.Next >= 0 {
		next := fromStart
		if view.Next > 0 {
			next = id(items[view.Next-1])
		}
		if view.Salt != "" {
			next += "." + view.Salt
		}
		if view.Same && after != "" {
			next = after
		}
		o.link(w, r, "next", next)
	}
	writeArray(w, items[view.From:view.To], show)
}

// writeArray saves checking again what is encoded already.
func writeArray[T any](w http.ResponseWriter, items []T, show func(T) any) {
	body := []byte{'['}
	for i, item := range items {
		if i > 0 {
			body = append(body, ',')
		}
		shown := show(item)
		if raw, encoded := shown.(json.RawMessage); encoded {
			body = append(body, raw...)
			continue
		}
		body = append(body, mustJSON(shown)...)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(body, ']'))
}

// link adds one Link header line; after "" repeats the request's own URL.
func (o *Org) link(w http.ResponseWriter, r *http.Request, relation, after string) {
	query := r.URL.RawQuery
	if after != "" {
		values := r.URL.Query()
		values.Set("after", after)
		values.Del("since")
		query = values.Encode()
	}
	address := url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: query}
	w.Header().Add("Link", fmt.Sprintf("<%s%s>; rel=%q", o.base, address.String(), relation))
}
