// Package fault makes a stand-in misbehave on demand: which requests, how, how often.
//
// It decides and counts; the HTTP front and the listing code of each stand-in carry the decision out. It knows no
// vendor's format.
package fault

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"syncgateway/examples/sandbox/internal/glob"
)

// Kind names a way to misbehave.
type Kind string

// The kinds of fault; README.md says what each does.
const (
	Status        Kind = "status"
	HTML          Kind = "html"
	TruncatedJSON Kind = "truncated_json"
	CutBody       Kind = "cut_body"
	HugePage      Kind = "huge_page"
	Slow          Kind = "slow"
	ClockSkew     Kind = "clock_skew"
	DropRequest   Kind = "drop_request"
	LostResponse  Kind = "lost_response"
	EmptyList     Kind = "empty_list"
	Half          Kind = "half"
	EmptyPage     Kind = "empty_page"
	DropPage      Kind = "drop_page"
	DuplicatePage Kind = "duplicate_page"
	RepeatCursor  Kind = "repeat_cursor"
	LostRole      Kind = "lost_role"
	LostScope     Kind = "lost_scope"
)

var kinds = []Kind{
	Status, HTML, TruncatedJSON, CutBody, HugePage, Slow, ClockSkew, DropRequest, LostResponse,
	EmptyList, Half, EmptyPage, DropPage, DuplicatePage, RepeatCursor, LostRole, LostScope,
}

// Rule says which requests misbehave and how. Empty matchers match everything.
type Rule struct {
	ID     string `json:"id,omitempty"`
	Server string `json:"server,omitempty"` // okta, api or site
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`  // glob
	Query  string `json:"query,omitempty"` // substring of the decoded query

	Skip        int     `json:"skip,omitempty"`        // matching requests to let pass first
	Count       int     `json:"count,omitempty"`       // how often it may fire; 0 = always
	Probability float64 `json:"probability,omitempty"` // 0 = certain
	Seed        uint64  `json:"seed,omitempty"`

	Kind        Kind  `json:"kind"`
	Status      int   `json:"status,omitempty"`
	RetryAfter  int   `json:"retry_after,omitempty"`
	DelayMS     int   `json:"delay_ms,omitempty"`
	SkewSeconds int   `json:"skew_seconds,omitempty"`
	Bytes       int64 `json:"bytes,omitempty"`

	Fired int `json:"fired"` // filled in by List
}

func (r Rule) check() error {
	if !slices.Contains(kinds, r.Kind) {
		return fmt.Errorf("unknown kind of fault %q", r.Kind)
	}
	if r.Kind == Status && (r.Status < 200 || r.Status > 599) {
		return fmt.Errorf("fault %q needs a status from 200 to 599, not %d", r.Kind, r.Status)
	}
	if r.Probability < 0 || r.Probability > 1 {
		return fmt.Errorf("probability %v is not between 0 and 1", r.Probability)
	}
	return nil
}

func (r Rule) matches(server, method, path, query string) bool {
	return (r.Server == "" || r.Server == server) &&
		(r.Method == "" || r.Method == method) &&
		(r.Path == "" || glob.Match(r.Path, path)) &&
		(r.Query == "" || strings.Contains(query, r.Query))
}

type rule struct {
	Rule
	seen int
	rng  *rand.Rand
}

// Set holds the active rules. It is safe for concurrent use; its zero value is ready.
type Set struct {
	mu    sync.Mutex
	next  int
	rules []*rule
}

// Add activates a rule and returns its id (given, or "f1", "f2", …).
func (s *Set) Add(r Rule) (string, error) {
	if err := r.check(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.ID == "" {
		s.next++
		r.ID = "f" + strconv.Itoa(s.next)
	}
	for _, other := range s.rules {
		if other.ID == r.ID {
			return "", fmt.Errorf("there is a fault %q already", r.ID)
		}
	}
	r.Fired = 0
	s.rules = append(s.rules, &rule{Rule: r, rng: rand.New(rand.NewPCG(r.Seed, 0x5eed))})
	return r.ID, nil
}

// Remove takes a rule away and tells whether it was there.
func (s *Set) Remove(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.rules)
	s.rules = slices.DeleteFunc(s.rules, func(r *rule) bool { return r.ID == id })
	return len(s.rules) < before
}

// Clear takes all rules away.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
}

// List returns the active rules with how often each has fired.
func (s *Set) List() []Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Rule, 0, len(s.rules))
	for _, r := range s.rules {
		out = append(out, r.Rule)
	}
	return out
}

// Fired returns how often the rule has fired, 0 for an unknown id.
func (s *Set) Fired(id string) int {
	for _, r := range s.List() {
		if r.ID == id {
			return r.Fired
		}
	}
	return 0
}

// Match decides what happens to a request and counts it. slow and clock_skew combine with one other kind; of several
// others the oldest rule that fires wins.
func (s *Set) Match(server string, r *http.Request) Plan {
	query := decodeQuery(r.URL.RawQuery)
	s.mu.Lock()
	defer s.mu.Unlock()
	var p Plan
	for _, c := range s.rules {
		additive := c.Kind == Slow || c.Kind == ClockSkew
		if !additive && p.Main.Kind != "" {
			continue
		}
		if c.matches(server, r.Method, r.URL.Path, query) && c.fires() {
			p.take(c.Rule)
		}
	}
	return p
}

func (r *rule) fires() bool {
	r.seen++
	if r.seen <= r.Skip || (r.Count > 0 && r.Fired >= r.Count) {
		return false
	}
	if r.Probability > 0 && r.rng.Float64() >= r.Probability {
		return false
	}
	r.Fired++
	return true
}

type planKey struct{}

// WithPlan returns a context that carries the plan.
func WithPlan(ctx context.Context, p Plan) context.Context {
	return context.WithValue(ctx, planKey{}, p)
}

// FromContext returns what is planned for the request; the zero Plan changes nothing.
func FromContext(ctx context.Context) Plan {
	p, _ := ctx.Value(planKey{}).(Plan)
	return p
}
