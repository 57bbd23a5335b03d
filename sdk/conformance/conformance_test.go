package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestReportIsPlainText(t *testing.T) {
	r := &Report{Kit: Version, Type: "acme\x1b[2J", Checks: []Result{
		{ID: "all.starts", Title: "Starts", Outcome: Passed}, {ID: "source.pages", Title: "Pages", Outcome: Failed, Detail: "one\ntwo\x07", Look: "the cursor"},
		{ID: "source.waiting", Title: "Waits", Outcome: Skipped, Detail: "no HTTP"}}}
	var b bytes.Buffer
	if err := r.Text(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{"failed   source.pages    Pages", "         two", "look at: the cursor", "because no HTTP", "1 passed, 1 failed, 1 skipped"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.ContainsAny(text, "\x1b\x07") {
		t.Errorf("what a connector says reaches the terminal: %q", text)
	}
	if r.Passed() {
		t.Error("passed with a failure")
	}
}

func TestChecksAreWellFormed(t *testing.T) {
	ids := map[string]bool{}
	for _, c := range Checks() {
		if ids[c.ID] || !strings.HasPrefix(c.ID, c.Role+".") || c.Title == "" || c.Look == "" {
			t.Errorf("%+v", c)
		}
		ids[c.ID] = true
	}
}

// stand is a fake for tests of the harness process.
type stand struct{ company Company }

func (s *stand) About() About {
	return About{Remotes: map[string]string{"main": "http://127.0.0.1:9"}, Config: json.RawMessage(`{"url":"${remote}"}`), Page: 3}
}

func (s *stand) Seed(_ context.Context, c Company) (map[string]string, error) {
	if len(c.Users) == 0 {
		return nil, Skip("there is always somebody")
	}
	s.company = c
	return map[string]string{"a": "1"}, nil
}

func (s *stand) State(context.Context) (Company, error) { return s.company, nil }
func (s *stand) Close() error                           { return nil }
func (s *stand) Change(_ context.Context, c Change) error {
	if c.Kind != ChangeDelete {
		return io.ErrUnexpectedEOF
	}
	s.company = Company{}
	return nil
}

func TestHarnessProcess(t *testing.T) {
	in, end := io.Pipe()
	out, said := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- serveHarness(t.Context(), HarnessFunc(func(context.Context) (Remote, error) { return &stand{}, nil }), in, said)
	}()
	p := &processRemote{}
	if err := json.NewDecoder(out).Decode(&p.greeting); err != nil {
		t.Fatal(err)
	}
	if a := p.About(); a.Page != 3 || a.Remotes["main"] == "" || string(a.Config) != `{"url":"${remote}"}` {
		t.Errorf("%+v", a)
	}
	ids, err := p.Seed(t.Context(), Company{Users: []User{{ID: "a", Active: true}}})
	if err != nil || ids["a"] != "1" {
		t.Error(ids, err)
	}
	if c, err := p.State(t.Context()); err != nil || len(c.Users) != 1 {
		t.Error(c, err)
	}
	if _, err := p.Seed(t.Context(), Company{}); err == nil {
		t.Error("a skip got lost")
	} else if why, skip := asSkip(err); !skip || why != "there is always somebody" {
		t.Error(err)
	}
	if err := p.Change(t.Context(), Change{Kind: ChangeCreate}); err == nil || !strings.Contains(err.Error(), "unexpected EOF") {
		t.Error(err)
	}
	if err := p.Change(t.Context(), Change{Kind: ChangeDelete}); err != nil {
		t.Error(err)
	}
	if _, err := p.Dump(t.Context()); err == nil {
		t.Error("it dumps")
	} else if _, skip := asSkip(err); !skip {
		t.Error(err)
	}
	if err := p.call(t.Context(), http.MethodGet, "/nothing", nil, nil); err == nil {
		t.Error("what is not there is answered")
	}
	_ = end.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
