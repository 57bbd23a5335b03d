package engine

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"syncgateway/plugins/scim/engine/memdir"
)

const testToken = "a-token-for-tests-only"

// newServer serves an engine over a directory in memory, over real HTTP.
func newServer(t testing.TB, o Options) (*httptest.Server, *memdir.Directory) {
	t.Helper()
	d := memdir.New(time.Now)
	server := httptest.NewUnstartedServer(nil)
	o.BaseURL = "http://" + server.Listener.Addr().String() + "/in/idp"
	if o.Token == "" {
		o.Token = testToken
	}
	e, err := New(d, o)
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = e
	server.Start()
	t.Cleanup(server.Close)
	return server, d
}

// step is one request of a session with what its answer must be.
type step struct {
	Session  string             `json:"session"`
	SCIM     string             `json:"scim"`
	Step     string             `json:"step"`
	Method   string             `json:"method"`
	Path     string             `json:"path"`
	Query    map[string]any     `json:"query"`
	Encoding string             `json:"encoding"`
	Headers  map[string]*string `json:"headers"`
	Body     any                `json:"body"`
	Save     map[string]string  `json:"save"`
	Expect   struct {
		Status       []int             `json:"status"`
		Headers      map[string]string `json:"headers"`
		JSON         []assertion       `json:"json"`
		BodyOptional bool              `json:"body_optional"`
	} `json:"expect"`
}

type assertion struct {
	Path  string `json:"path"`
	Op    string `json:"op"`
	Value any    `json:"value"`
	Count *int   `json:"count"`
}

// session replays a file of requests.
type session struct {
	t    *testing.T
	base string
	vars map[string]string
	n    int
}

func replay(t *testing.T, base, file string) int {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := &session{t: t, vars: map[string]string{"run": strconv.FormatInt(time.Now().UnixNano(), 36)}}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var st step
		if err := json.Unmarshal(lines.Bytes(), &st); err != nil {
			t.Fatal(err)
		}
		if st.Session != "" {
			s.base = base + "/v2"
			if st.SCIM == "1.1" {
				s.base = base + "/v1"
			}
			continue
		}
		s.step(st)
	}
	return s.n
}

var variable = regexp.MustCompile(`\$\{(\w+)\}`)

func (s *session) fill(v any) any {
	switch x := v.(type) {
	case string:
		return variable.ReplaceAllStringFunc(x, func(m string) string {
			if v, ok := s.vars[m[2:len(m)-1]]; ok {
				return v
			}
			return m
		})
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = s.fill(e)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k, e := range x {
			out[s.fill(k).(string)] = s.fill(e)
		}
		return out
	}
	return v
}

func (s *session) request(st step) *http.Request {
	target := s.base + s.fill(st.Path).(string)
	var pairs []string
	for k, v := range st.Query {
		if v == nil {
			pairs = append(pairs, k)
			continue
		}
		encoded := url.QueryEscape(fmt.Sprint(s.fill(v)))
		if st.Encoding != "plus" {
			encoded = strings.ReplaceAll(encoded, "+", "%20")
		}
		pairs = append(pairs, k+"="+encoded)
	}
	if len(pairs) > 0 {
		target += "?" + strings.Join(pairs, "&")
	}
	var body []byte
	switch b := s.fill(st.Body).(type) {
	case nil:
	case string:
		body = []byte(b)
	default:
		body, _ = json.Marshal(b)
	}
	r, err := http.NewRequest(st.Method, target, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Accept", "application/scim+json")
	r.Header.Set("Authorization", "Bearer "+testToken)
	if body != nil {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	for k, v := range st.Headers {
		r.Header.Del(k)
		if v != nil {
			r.Header.Set(k, s.fill(*v).(string))
		}
	}
	return r
}

func (s *session) step(st step) {
	s.n++
	r := s.request(st)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Errorf("%s: %v", st.Step, err)
		return
	}
	defer resp.Body.Close()
	var raw bytes.Buffer
	_, _ = raw.ReadFrom(resp.Body)
	var doc any
	dec := json.NewDecoder(&raw)
	text := raw.String()
	dec.UseNumber()
	_ = dec.Decode(&doc)
	fail := func(format string, args ...any) {
		s.t.Errorf("%s: %s %s: %s\n%.400s", st.Step, r.Method, r.URL, fmt.Sprintf(format, args...), text)
	}
	if !slices.Contains(st.Expect.Status, resp.StatusCode) {
		fail("status %d", resp.StatusCode)
	}
	for k, want := range st.Expect.Headers {
		if !regexp.MustCompile("(?i)" + s.fill(want).(string)).MatchString(resp.Header.Get(k)) {
			fail("header %s is %q", k, resp.Header.Get(k))
		}
	}
	if !(st.Expect.BodyOptional && text == "") {
		for _, a := range st.Expect.JSON {
			if got := walk(doc, a.Path); !s.holds(a, got) {
				fail("%s %s %v: %v", a.Path, a.Op, s.fill(a.Value), got)
			}
		}
	}
	for name, path := range st.Save {
		if v, ok := walk(doc, path).(string); ok {
			s.vars[name] = v
		}
	}
}

var pathPart = regexp.MustCompile(`\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[\]]+)`)

func walk(v any, path string) any {
	for _, part := range pathPart.FindAllStringSubmatch(path, -1) {
		name := part[1] + part[3]
		switch x := v.(type) {
		case []any:
			i, err := strconv.Atoi(part[2])
			switch {
			case name == "length":
				v = json.Number(strconv.Itoa(len(x)))
			case err != nil || i >= len(x):
				return nil
			default:
				v = x[i]
			}
		case map[string]any:
			v = x[name]
		default:
			return nil
		}
	}
	return v
}

func plain(v any) any {
	data, _ := json.Marshal(v)
	var out any
	_ = json.Unmarshal(data, &out)
	return out
}

func (s *session) holds(a assertion, got any) bool {
	want := plain(s.fill(a.Value))
	number, isNumber := got.(json.Number)
	got = plain(got)
	list, _ := got.([]any)
	text, isText := got.(string)
	switch a.Op {
	case "eq":
		return reflect.DeepEqual(got, want)
	case "ci":
		return isText && strings.EqualFold(text, want.(string))
	case "ne":
		return !reflect.DeepEqual(got, want)
	case "exists":
		return got != nil
	case "absent":
		return got == nil
	case "empty":
		return got == nil || list != nil && len(list) == 0
	case "len":
		return float64(len(list)) == want
	case "ge":
		f, ok := got.(float64)
		return ok && f >= want.(float64)
	case "type":
		return kindOf(got, isNumber && !strings.ContainsAny(string(number), ".e")) == want
	case "contains":
		return slices.ContainsFunc(list, func(e any) bool { return reflect.DeepEqual(e, want) })
	case "match":
		return isText && regexp.MustCompile(want.(string)).MatchString(text)
	case "has":
		n, count := 0, 1
		if a.Count != nil {
			count = *a.Count
		}
		for _, e := range list {
			if subset(want, e) {
				n++
			}
		}
		return n == count
	}
	s.t.Fatalf("no such assertion: %s", a.Op)
	return false
}

func kindOf(v any, whole bool) string {
	switch v.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	case float64:
		if whole {
			return "integer"
		}
	}
	return ""
}

func subset(want, got any) bool {
	w, ok := want.(map[string]any)
	if !ok {
		return reflect.DeepEqual(want, got)
	}
	g, ok := got.(map[string]any)
	for k, v := range w {
		if !ok || !subset(v, g[k]) {
			return false
		}
	}
	return ok
}

// TestSessions replays what identity providers send: the sessions here, and those of
// SCIM_SESSIONS or of the folder beside the repository.
func TestSessions(t *testing.T) {
	folders := []string{filepath.Join("testdata", "sessions"), filepath.Join("..", "..", "..", "..", "shared", "scim-sessions")}
	if more := os.Getenv("SCIM_SESSIONS"); more != "" {
		folders[1] = more
	}
	requests := 0
	for _, folder := range folders {
		files, _ := filepath.Glob(filepath.Join(folder, "*.jsonl"))
		for _, file := range files {
			t.Run(filepath.Base(file), func(t *testing.T) {
				server, _ := newServer(t, Options{})
				requests += replay(t, server.URL+"/in/idp", file)
			})
		}
	}
	t.Logf("%d requests", requests)
}
