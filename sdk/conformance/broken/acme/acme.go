// Package acme is the invented system that the kit's own connectors talk to: people and
// teams behind a small HTTP API with cursors, a log of changes and a bearer token. It
// is also the harness for it. It is honest and strict: what it answers is what it holds.
package acme

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Token is the credential.
const Token = "acme-t0ken-8f2b61d09c"

// PageSize is the most that a listing shows at once.
const PageSize = 100

// Person is somebody, as the API shows them.
type Person struct {
	ID     string            `json:"id"`
	Login  string            `json:"login"`
	Mail   string            `json:"mail,omitempty"`
	Name   string            `json:"name,omitempty"`
	Given  string            `json:"given,omitempty"`
	Family string            `json:"family,omitempty"`
	State  string            `json:"state"` // employed, left
	Admin  bool              `json:"admin,omitempty"`
	More   map[string]string `json:"more,omitempty"`
}

// Team is a group without its members.
type Team struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Member is one of a team: a person or a team.
type Member struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
}

// The states of a person, and the kinds of member.
const (
	Employed  = "employed"
	Left      = "left"
	OfPersons = "person"
	OfTeams   = "team"
)

// Change is one line of the log. Kind is person or team; Gone says that it is deleted.
type Change struct {
	Seq  int    `json:"seq"`
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Gone bool   `json:"gone,omitempty"`
}

// System is the whole of it. It is safe for concurrent use.
type System struct {
	mu      sync.Mutex
	people  map[string]*Person
	teams   map[string]*Team
	members map[string]map[Member]bool
	log     []Change
	oldest  int // changes before it are forgotten
	made    int
	motto   string
}

// New is a system in which nobody is but its administrator, who owns the token.
func New() *System {
	s := &System{}
	s.clear()
	return s
}

// Root is the id of the administrator.
const Root = "root"

func (s *System) clear() {
	s.people = map[string]*Person{Root: {ID: Root, Login: "root@acme.example", Mail: "root@acme.example", Name: "Root", State: Employed, Admin: true}}
	s.teams, s.members, s.motto = map[string]*Team{}, map[string]map[Member]bool{}, ""
}

func (s *System) note(kind, id string, gone bool) {
	last := s.oldest
	if n := len(s.log); n > 0 {
		last = s.log[n-1].Seq
	}
	s.log = append(s.log, Change{Seq: last + 1, Kind: kind, ID: id, Gone: gone})
}

func (s *System) newID(prefix string) string {
	s.made++
	return prefix + strconv.Itoa(s.made)
}

// Handler is the API.
func (s *System) Handler() http.Handler {
	m := http.NewServeMux()
	handle := func(pattern string, do func(*http.Request) (int, any)) {
		m.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer "+Token {
				answer(w, http.StatusUnauthorized, problem("the token is not accepted"))
				return
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			status, body := do(r)
			answer(w, status, body)
		})
	}
	handle("GET /me", func(*http.Request) (int, any) { return http.StatusOK, s.people[Root] })
	handle("GET /people", s.listPeople)
	handle("GET /people/{id}", func(r *http.Request) (int, any) { return found(s.people[r.PathValue("id")]) })
	handle("GET /people/{id}/teams", s.teamsOf)
	handle("GET /teams", func(r *http.Request) (int, any) {
		name := r.URL.Query().Get("name")
		return listing(r, values(s.teams, func(t *Team) bool { return name == "" || strings.EqualFold(t.Name, name) }), func(t *Team) string { return t.ID })
	})
	handle("GET /teams/{id}", func(r *http.Request) (int, any) { return found(s.teams[r.PathValue("id")]) })
	handle("GET /teams/{id}/members", s.listMembers)
	handle("GET /changes", s.changes)
	s.writes(handle)
	return m
}

func problem(text string) map[string]string { return map[string]string{"error": text} }

func answer(w http.ResponseWriter, status int, body any) {
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func found[T any](x *T) (int, any) {
	if x == nil {
		return http.StatusNotFound, problem("there is none")
	}
	return http.StatusOK, x
}

func values[T any](m map[string]*T, keep func(*T) bool) []*T {
	var out []*T
	for _, id := range slices.Sorted(maps.Keys(m)) {
		if keep(m[id]) {
			out = append(out, m[id])
		}
	}
	return out
}

// page is a part of a listing.
type page struct {
	Items any    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// listing answers with the page that a request asks for. A cursor is the last id of the
// page before.
func listing[T any](r *http.Request, all []T, id func(T) string) (int, any) {
	after := r.URL.Query().Get("cursor")
	from, exact := slices.BinarySearchFunc(all, after, func(x T, after string) int { return cmp.Compare(id(x), after) })
	if exact && after != "" {
		from++
	}
	limit := PageSize
	if n, err := strconv.Atoi(r.URL.Query().Get("limit")); err == nil && n > 0 {
		limit = min(n, PageSize)
	}
	to := min(from+limit, len(all))
	p := page{Items: append([]T{}, all[from:to]...)}
	if to < len(all) {
		p.Next = id(all[to-1])
	}
	return http.StatusOK, p
}

func (s *System) listPeople(r *http.Request) (int, any) {
	login, mail := r.URL.Query().Get("login"), r.URL.Query().Get("mail")
	return listing(r, values(s.people, func(p *Person) bool {
		return (login == "" || strings.EqualFold(p.Login, login)) && (mail == "" || strings.EqualFold(p.Mail, mail))
	}), func(p *Person) string { return p.ID })
}

func (s *System) teamsOf(r *http.Request) (int, any) {
	id := r.PathValue("id")
	if s.people[id] == nil {
		return http.StatusNotFound, problem("there is none")
	}
	return listing(r, values(s.teams, func(t *Team) bool { return s.members[t.ID][Member{id, OfPersons}] }), func(t *Team) string { return t.ID })
}

func (s *System) listMembers(r *http.Request) (int, any) {
	id := r.PathValue("id")
	if s.teams[id] == nil {
		return http.StatusNotFound, problem("there is none")
	}
	return listing(r, s.sorted(id), func(m Member) string { return m.ID })
}

func (s *System) sorted(team string) []Member {
	return slices.SortedFunc(maps.Keys(s.members[team]), func(a, b Member) int { return cmp.Compare(a.ID, b.ID) })
}

// changes lists the log from a number on; the number after the last is "now".
func (s *System) changes(r *http.Request) (int, any) {
	since, err := strconv.Atoi(r.URL.Query().Get("since"))
	if r.URL.Query().Get("since") == "" {
		since, err = 1<<62, nil
	}
	if err != nil || since < s.oldest {
		return http.StatusGone, problem("these changes are forgotten")
	}
	out := []Change{}
	now := s.oldest
	for _, c := range s.log {
		if now = c.Seq; c.Seq > since {
			out = append(out, c)
		}
	}
	return http.StatusOK, map[string]any{"items": out, "now": strconv.Itoa(now)}
}
