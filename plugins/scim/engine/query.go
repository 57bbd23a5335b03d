package engine

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"syncgateway/plugins/scim/engine/filter"
	"syncgateway/plugins/scim/engine/value"
)

// query are the parameters of a URL or of a SearchRequest.
type query struct {
	filter     string
	hasFilter  bool // also an empty one
	sortBy     string
	descending bool
	start      int // 1 and up
	count      int // -1: not given
	cursor     string
	hasCursor  bool
}

// parameters parts the query of a URL. A name that is unknown is passed over, also one
// without a value: Entra puts its flags there. What cannot be decoded is refused, since
// a filter that got lost would answer with everybody.
func parameters(raw string) (url.Values, error) {
	values := url.Values{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		k, v, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(k)
		text, err2 := unescaped(v)
		if err != nil || err2 != nil {
			return nil, bad(invalidValue, "The query of the URL is not encoded well.")
		}
		name = strings.ToLower(name)
		switch before := values.Get(name); {
		case len(values[name]) == 0 || before == text:
		case name == "attributes" || name == "excludedattributes":
			text = before + "," + text
		default:
			return nil, bad(invalidValue, "The parameter %s is there twice.", value.Visible(name))
		}
		values.Set(name, text)
	}
	return values, nil
}

// unescaped decodes a value. A plus is a space, unless spaces are there as %20: then it is
// part of an address.
func unescaped(v string) (string, error) {
	if strings.Contains(v, "%20") {
		return url.PathUnescape(v)
	}
	return url.QueryUnescape(v)
}

// readParameters takes the parameters of a URL into the call. What describes the service
// has none but a filter, which it refuses (RFC 7644 section 4).
func (c *call) readParameters(values url.Values) error {
	if _, c.query.hasFilter = values["filter"]; c.describes() {
		return nil
	}
	c.selection = selection{splitNames(values.Get("attributes")), splitNames(values.Get("excludedattributes"))}
	if err := c.selection.check(); err != nil {
		return err
	}
	_, c.lenient = values["aadoptscim062020"]
	q := query{filter: strings.TrimSpace(values.Get("filter")), hasFilter: c.query.hasFilter, sortBy: strings.TrimSpace(values.Get("sortby")), cursor: values.Get("cursor"), start: 1, count: -1}
	_, q.hasCursor = values["cursor"]
	q.hasCursor = q.hasCursor && !c.face.v1
	var err error
	if q.descending, err = order(values.Get("sortorder")); err != nil {
		return err
	}
	if q.start, err = number(values, "startindex", "startIndex", 1); err != nil {
		return err
	}
	if q.count, err = number(values, "count", "count", -1); err != nil {
		return err
	}
	if q.hasFilter && q.filter == "" && c.method == http.MethodGet {
		return bad(invalidFilter, "The filter is empty.")
	}
	if q.start = max(q.start, 1); q.hasCursor && q.start > 1 {
		return bad(invalidValue, "startIndex and cursor exclude each other.")
	}
	if err := q.size(values.Get("count") != "", c.engine); err != nil {
		return err
	}
	c.query = q
	return nil
}

// mostNames is how many attributes may be named, each of which is looked for in each
// attribute of each resource.
const mostNames = 500

func (s selection) check() error {
	names := s.attributes
	if len(s.excluded) > 0 {
		names = s.excluded
	}
	filters := 0
	for _, name := range names {
		if strings.Contains(name, "[") {
			filters += len(name)
		}
	}
	switch {
	case len(s.attributes) > 0 && len(s.excluded) > 0:
		return bad(invalidValue, "attributes and excludedAttributes exclude each other.")
	case len(names) > mostNames:
		return bad(invalidValue, "%d attributes may be named at most.", mostNames)
	case filters > filter.MaxLength:
		return bad(invalidValue, "The filters in the names of attributes are longer than %d bytes.", filter.MaxLength)
	}
	return nil
}

func order(s string) (descending bool, err error) {
	switch strings.ToLower(s) {
	case "", "ascending":
		return false, nil
	case "descending":
		return true, nil
	}
	return false, bad(invalidValue, "sortOrder must be ascending or descending.")
}

func number(values url.Values, key, name string, otherwise int) (int, error) {
	text := strings.TrimSpace(values.Get(key))
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		m, ok := value.ParseNumber(text)
		if !ok || !m.Integral() {
			return 0, bad(invalidValue, "%s must be a whole number.", name)
		}
		n = m.Int()
	}
	return n, nil
}

// size settles the size of a page. With a cursor RFC 9865 has an error for a size that
// cannot be; without one a negative size is none. One too large is cut.
func (q *query) size(given bool, e *Engine) error {
	switch {
	case !given:
		q.count = e.PageSize
	case q.hasCursor && q.count < 1:
		return bad(invalidCount, "With a cursor count must be from 1 to %d.", e.MaxResults)
	}
	q.count = min(max(q.count, 0), e.MaxResults)
	return nil
}

// readSearch takes a SearchRequest into the call.
func (c *call) readSearch(in value.Object) error {
	if err := c.face.checkSchemas(in, searchURI); err != nil {
		return err
	}
	values := url.Values{}
	for _, m := range in {
		name := strings.ToLower(m.Name)
		switch v := m.Value.(type) {
		case nil:
		case string:
			values.Set(name, v)
		case value.Number:
			values.Set(name, string(v))
		case []any:
			names := make([]string, 0, len(v))
			for _, e := range v {
				s, ok := e.(string)
				if !ok {
					return bad(invalidValue, "%s must be an array of strings.", value.Visible(m.Name))
				}
				names = append(names, s)
			}
			values.Set(name, strings.Join(names, ","))
		default:
			return bad(invalidValue, "%s cannot be %s.", value.Visible(m.Name), value.Kind(v))
		}
	}
	return c.readParameters(values)
}
