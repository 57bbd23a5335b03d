package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// token is what the pretend wiki accepts.
const token = "wiki-token-of-the-pretend-company"

// Account and Team are what the API sends.
type Account struct {
	ID       string `json:"id"`
	Mail     string `json:"mail"`
	Name     string `json:"name"`
	Disabled bool   `json:"disabled"`
	Admin    bool   `json:"admin,omitempty"`
}

// Team is a team with the ids of its accounts.
type Team struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Members []string `json:"members"`
}

// API is the pretend wiki.
type API struct {
	mu       sync.Mutex
	accounts []Account
	teams    []Team
	made     int // records made so far, for new ids
}

// Handler answers what the documentation of the wiki's API says.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /accounts", func(w http.ResponseWriter, r *http.Request) { list(w, r, a.accounts) })
	mux.HandleFunc("GET /teams", func(w http.ResponseWriter, r *http.Request) { list(w, r, a.teams) })
	mux.HandleFunc("POST /accounts", a.addAccount)
	mux.HandleFunc("POST /teams", a.addTeam)
	mux.HandleFunc("GET /accounts/{id}", a.onAccount(func(w http.ResponseWriter, _ *http.Request, x *Account) { answer(w, 200, x) }))
	mux.HandleFunc("PATCH /accounts/{id}", a.onAccount(changeAccount))
	mux.HandleFunc("DELETE /teams/{id}", a.onTeam(a.deleteTeam))
	mux.HandleFunc("PUT /teams/{id}/members/{account}", a.onTeam(a.addMember))
	mux.HandleFunc("DELETE /teams/{id}/members/{account}", a.onTeam(removeMember))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			refuse(w, http.StatusUnauthorized, "the token is not accepted")
			return
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		mux.ServeHTTP(w, r)
	})
}

func (a *API) onAccount(f func(http.ResponseWriter, *http.Request, *Account)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		i := slices.IndexFunc(a.accounts, func(x Account) bool { return x.ID == r.PathValue("id") })
		if i < 0 {
			refuse(w, http.StatusNotFound, "no such account")
			return
		}
		f(w, r, &a.accounts[i])
	}
}

func (a *API) onTeam(f func(http.ResponseWriter, *http.Request, *Team)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		i := slices.IndexFunc(a.teams, func(x Team) bool { return x.ID == r.PathValue("id") })
		if i < 0 {
			refuse(w, http.StatusNotFound, "no such team")
			return
		}
		f(w, r, &a.teams[i])
	}
}

func (a *API) addAccount(w http.ResponseWriter, r *http.Request) {
	var x Account
	if json.NewDecoder(r.Body).Decode(&x) != nil || x.Mail == "" || len([]rune(x.Name)) > 80 {
		refuse(w, http.StatusBadRequest, "an account needs a mail, and a name of up to 80 characters")
		return
	}
	if i := slices.IndexFunc(a.accounts, func(y Account) bool { return strings.EqualFold(y.Mail, x.Mail) }); i >= 0 {
		answer(w, http.StatusOK, a.accounts[i])
		return
	}
	x.ID, x.Admin, x.Disabled = a.id("a"), false, false
	a.accounts = append(a.accounts, x)
	answer(w, http.StatusCreated, x)
}

func (a *API) addTeam(w http.ResponseWriter, r *http.Request) {
	var t Team
	if json.NewDecoder(r.Body).Decode(&t) != nil || t.Name == "" || len([]rune(t.Name)) > 80 {
		refuse(w, http.StatusBadRequest, "a team needs a name of up to 80 characters")
		return
	}
	if i := slices.IndexFunc(a.teams, func(y Team) bool { return strings.EqualFold(y.Name, t.Name) }); i >= 0 {
		answer(w, http.StatusOK, a.teams[i])
		return
	}
	t = Team{ID: a.id("t"), Name: t.Name}
	a.teams = append(a.teams, t)
	answer(w, http.StatusCreated, t)
}

func changeAccount(w http.ResponseWriter, r *http.Request, x *Account) {
	var change struct {
		Name     *string
		Disabled *bool
	}
	switch err := json.NewDecoder(r.Body).Decode(&change); {
	case err != nil || change.Name != nil && len([]rune(*change.Name)) > 80:
		refuse(w, http.StatusBadRequest, "what may change is name, of up to 80 characters, and disabled")
		return
	case change.Disabled != nil && *change.Disabled && x.Admin:
		refuse(w, http.StatusForbidden, "an administrator cannot be disabled")
		return
	}
	if change.Name != nil {
		x.Name = *change.Name
	}
	if change.Disabled != nil {
		x.Disabled = *change.Disabled
	}
	answer(w, http.StatusOK, x)
}

func (a *API) deleteTeam(w http.ResponseWriter, _ *http.Request, t *Team) {
	id := t.ID
	a.teams = slices.DeleteFunc(a.teams, func(x Team) bool { return x.ID == id })
	w.WriteHeader(http.StatusNoContent)
}

func (a *API) addMember(w http.ResponseWriter, r *http.Request, t *Team) {
	id := r.PathValue("account")
	switch {
	case !slices.ContainsFunc(a.accounts, func(x Account) bool { return x.ID == id }):
		refuse(w, http.StatusNotFound, "no such account")
	case slices.Contains(t.Members, id):
		w.WriteHeader(http.StatusOK)
	default:
		t.Members = append(t.Members, id)
		w.WriteHeader(http.StatusCreated)
	}
}

func removeMember(w http.ResponseWriter, r *http.Request, t *Team) {
	i := slices.Index(t.Members, r.PathValue("account"))
	if i < 0 {
		refuse(w, http.StatusNotFound, "no such member")
		return
	}
	t.Members = slices.Delete(t.Members, i, i+1)
	w.WriteHeader(http.StatusNoContent)
}

func (a *API) id(prefix string) string {
	a.made++
	return prefix + strconv.Itoa(a.made)
}

// list sends one page. The cursor is the position of its first record.
func list[T any](w http.ResponseWriter, r *http.Request, all []T) {
	at, _ := strconv.Atoi(r.FormValue("after"))
	limit, _ := strconv.Atoi(r.FormValue("limit"))
	at = min(max(at, 0), len(all))
	end := min(at+min(max(limit, 1), 100), len(all))
	page := map[string]any{"items": append([]T{}, all[at:end]...)}
	if end < len(all) {
		page["next"] = strconv.Itoa(end)
	}
	answer(w, http.StatusOK, page)
}

func refuse(w http.ResponseWriter, status int, why string) {
	answer(w, status, map[string]string{"error": why})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
