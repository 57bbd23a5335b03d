package engine

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"syncgateway/plugins/scim/engine/filter"
	"syncgateway/plugins/scim/engine/memdir"
	"syncgateway/plugins/scim/engine/value"
)

// searched is an engine with a few people and groups, and what they look like in full.
func searched(f *testing.F) (e *Engine, all [][]value.Object) {
	n := 0
	e, err := New(memdir.New(time.Now), Options{BaseURL: "https://x.example/in/i", Token: testToken, UserExtensions: withAcme().UserExtensions,
		NewID: func() string { n++; return string(rune('a' + n - 1)) }})
	if err != nil {
		f.Fatal(err)
	}
	for _, body := range []string{start, `{"userName":"u","externalId":"e","displayName":"X","emails":[{"value":"W@X","type":"home"},{"value":"x","type":"work"}]}`,
		`{"userName":"x","displayName":"x","active":false,"name":{"familyName":"x"},"urn:x:acme:2.0:User":{"level":7,"badge":"B"}}`,
		`{"userName":"ſ","externalId":"E","urn:x:acme:2.0:User":{"badge":"b","tags":["RED","x"]},"` + enterprise + `":{"employeeNumber":"7","manager":{"value":"a"}}}`, `{"userName":"w@x","title":"x"}`} {
		if a := sendTo(e, "POST", "/v2/Users", body); a.Code != 201 {
			f.Fatal(a.Body)
		}
	}
	for _, body := range []string{`{"displayName":"x","members":["a","b"]}`, `{"displayName":"g","externalId":"e","members":["f","c","zz"]}`, `{"displayName":"W@X"}`} {
		if a := sendTo(e, "POST", "/v2/Groups", body); a.Code != 201 {
			f.Fatal(a.Body)
		}
	}
	for _, t := range e.types {
		all = append(all, resources(f, e, "/v2"+t.Endpoint))
	}
	return e, all
}

func resources(t testing.TB, e *Engine, path string) (out []value.Object) {
	t.Helper()
	a := sendTo(e, "GET", path, "")
	v, err := value.Parse(a.Body.Bytes(), maxDepth)
	if err != nil || a.Code != 200 {
		t.Fatalf("%s: %s %v", path, a.Body, err)
	}
	list, _ := v.(value.Object).Get("Resources").([]any)
	for _, r := range list {
		out = append(out, r.(value.Object))
	}
	return out
}

// search makes a filter over several attributes of the type.
func (m *maker) search(depth int) string {
	if depth > 0 {
		switch m.below(6) {
		case 0, 1:
			return m.search(depth-1) + m.spelled(" and ") + m.search(depth-1)
		case 2:
			return m.search(depth-1) + m.spelled(" or ") + m.search(depth-1)
		case 3:
			return m.spelled("not") + " (" + m.search(depth-1) + ")"
		case 4:
			return "(" + m.search(depth-1) + ")"
		}
	}
	values := []string{`"x"`, `"X"`, `"w@x"`, `"a"`, `"f"`, `"e"`, `"work"`, `"b"`, `"ſ"`, `"s"`, `7`, `true`, `null`, `"7"`, `"2020-01-01T00:00:00Z"`, `"red"`}
	if m.below(2) == 0 { // what there is an index for
		return m.spelled(m.of("userName", "externalId", "displayName", "id", "emails.value", "emails", "members.value", "members", enterprise+":employeeNumber", "urn:x:acme:2.0:User:badge")) +
			m.spelled(" eq ") + m.of(values...)
	}
	r := m.ref()
	if r.Attr == nil || m.below(6) == 0 {
		return m.name(r) + m.spelled(" pr")
	}
	if r.Attr.MultiValued && r.Sub == nil && m.below(2) == 0 {
		return m.name(r) + "[" + m.filter(r.Attr, 2) + "]"
	}
	return m.name(r) + " " + m.of("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le") + " " + m.of(values...)
}

// FuzzSearch: what a filter finds, by whatever index, is what meets it, in the order of
// creation; and pages, by number and by cursor, sorted or not, come to the same.
func FuzzSearch(f *testing.F) {
	e, all := searched(f)
	for i := range 48 {
		f.Add([]byte(fmt.Sprint(i*i*7919)+"\x01\x02\x03\x05\x07\x0b\x0d\x11\x17"), uint8(i))
	}
	f.Fuzz(func(t *testing.T, data []byte, how uint8) {
		of := e.types[how%2]
		m := &maker{data: data, t: of}
		text := m.search(3)
		node, err := filter.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		path := "/v2" + of.Endpoint + "?filter=" + url.QueryEscape(text)
		test, err := filter.Compile(of, node, nil)
		if err != nil {
			if a := sendTo(e, "GET", path, ""); a.Code != 400 || !strings.Contains(a.Body.String(), invalidFilter) {
				t.Fatalf("%s: %v, but %s", text, err, a.Body)
			}
			return
		}
		var want []string
		for _, r := range all[how%2] {
			if test.Match(r) {
				want = append(want, idOf(r))
			}
		}
		if got := names(resources(t, e, path)); !slices.Equal(got, want) {
			t.Fatalf("%s: found %v, wanted %v", text, got, want)
		}
		loud := (&maker{data: data, t: of, loud: true}).search(3)
		if got := names(resources(t, e, "/v2"+of.Endpoint+"?filter="+url.QueryEscape(loud))); !slices.Equal(got, want) {
			t.Fatalf("%s: found %v, wanted %v", loud, got, want)
		}
		if how&2 != 0 {
			path += "&sortBy=" + []string{"displayName", "id", "externalId", "meta.lastModified"}[how>>3&3]
			if how&4 != 0 {
				path += "&sortOrder=descending"
			}
			want = sorted(names(resources(t, e, path)), want, t, text)
		}
		size := int(how>>5&3) + 1
		var paged []string
		for at := 1; at <= len(want); at += size {
			paged = append(paged, names(resources(t, e, fmt.Sprintf("%s&startIndex=%d&count=%d", path, at, size)))...)
		}
		if walked := walkCursor(t, e, fmt.Sprintf("%s&count=%d", path, size)); !slices.Equal(paged, want) || !slices.Equal(walked, want) {
			t.Fatalf("%s: %v at once, %v by pages, %v by cursor", path, want, paged, walked)
		}
	})
}

// sorted checks that an order has the same resources, and returns it.
func sorted(got, want []string, t *testing.T, filter string) []string {
	t.Helper()
	a, b := slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(a, b) {
		t.Fatalf("%s: sorted %v, else %v", filter, got, want)
	}
	return got
}

func walkCursor(t *testing.T, e *Engine, path string) (out []string) {
	t.Helper()
	for cursor := ""; ; {
		a := sendTo(e, "GET", path+"&cursor="+cursor, "")
		v, err := value.Parse(a.Body.Bytes(), maxDepth)
		if err != nil || a.Code != 200 {
			t.Fatalf("%s: %s", path, a.Body)
		}
		list, _ := v.(value.Object).Get("Resources").([]any)
		for _, r := range list {
			out = append(out, idOf(r.(value.Object)))
		}
		if cursor = text(v.(value.Object), "nextCursor"); cursor == "" {
			return out
		}
	}
}

func idOf(o value.Object) string { return text(o, "id") }

func names(list []value.Object) (out []string) {
	for _, o := range list {
		out = append(out, idOf(o))
	}
	return out
}
