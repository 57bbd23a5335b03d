package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// token is what the pretend Acme accepts.
const token = "acme-token-of-the-pretend-company"

// mostOnPage is how many records a page has at the most.
const mostOnPage = 100

// Person and Team are what the API sends.
type Person struct {
	ID     string `json:"id"`
	Login  string `json:"login"`
	Mail   string `json:"mail,omitempty"`
	Name   string `json:"name"`
	Status string `json:"status"` // "employed" or "left"
	Teams  []Team `json:"teams,omitempty"`
}

// Team is a team with the ids of its people and of the teams within it.
type Team struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	People []string `json:"people,omitempty"`
	Within []string `json:"within,omitempty"`
}

// API is the pretend company's server.
type API struct {
	mu     sync.Mutex
	people []Person
	teams  []Team
}

// Handler answers what the documentation of the API of Acme says.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /me", func(w http.ResponseWriter, _ *http.Request) { answer(w, Person{Login: "sync"}) })
	mux.HandleFunc("GET /people", func(w http.ResponseWriter, r *http.Request) { list(w, r, "people", a.people) })
	mux.HandleFunc("GET /teams", func(w http.ResponseWriter, r *http.Request) { list(w, r, "teams", a.teams) })
	mux.HandleFunc("GET /people/{id}", func(w http.ResponseWriter, r *http.Request) {
		a.person(w, func(p Person) bool { return p.ID == r.PathValue("id") })
	})
	mux.HandleFunc("GET /person", func(w http.ResponseWriter, r *http.Request) {
		login, mail := r.FormValue("login"), r.FormValue("mail")
		a.person(w, func(p Person) bool {
			return login != "" && strings.EqualFold(p.Login, login) || mail != "" && strings.EqualFold(p.Mail, mail)
		})
	})
	mux.HandleFunc("GET /teams/{id}", func(w http.ResponseWriter, r *http.Request) {
		if i := slices.IndexFunc(a.teams, func(t Team) bool { return t.ID == r.PathValue("id") }); i >= 0 {
			answer(w, a.teams[i])
			return
		}
		http.Error(w, `{"error": "no such team"}`, http.StatusNotFound)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			http.Error(w, `{"error": "the token is not accepted"}`, http.StatusUnauthorized)
			return
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		mux.ServeHTTP(w, r)
	})
}

func (a *API) person(w http.ResponseWriter, is func(Person) bool) {
	i := slices.IndexFunc(a.people, is)
	if i < 0 {
		http.Error(w, `{"error": "no such person"}`, http.StatusNotFound)
		return
	}
	p := a.people[i]
	for _, t := range a.teams {
		if slices.Contains(t.People, p.ID) {
			p.Teams = append(p.Teams, Team{ID: t.ID, Name: t.Name})
		}
	}
	answer(w, p)
}

// list sends one page. The cursor is the position of its first record.
func list[T any](w http.ResponseWriter, r *http.Request, name string, all []T) {
	at, _ := strconv.Atoi(r.FormValue("cursor"))
	limit, _ := strconv.Atoi(r.FormValue("limit"))
	if limit < 1 || limit > mostOnPage {
		http.Error(w, `{"error": "limit must be from 1 to 100"}`, http.StatusBadRequest)
		return
	}
	at = min(max(at, 0), len(all))
	end := min(at+limit, len(all))
	page := map[string]any{name: append([]T{}, all[at:end]...)}
	if end < len(all) {
		page["next"] = strconv.Itoa(end)
	}
	answer(w, page)
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}
