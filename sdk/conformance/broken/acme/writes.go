package acme

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Longest is how long a name may be.
const Longest = 120

// writes adds what changes the system.
func (s *System) writes(handle func(string, func(*http.Request) (int, any))) {
	handle("POST /people", s.hire)
	handle("PATCH /people/{id}", s.edit)
	handle("DELETE /people/{id}", s.forget)
	handle("POST /people/{id}/{state}", s.setState)
	handle("POST /teams", s.establish)
	handle("PATCH /teams/{id}", s.rename)
	handle("DELETE /teams/{id}", s.dissolve)
	handle("PUT /teams/{id}/members/{member}", s.join)
	handle("DELETE /teams/{id}/members/{member}", s.leave)
	handle("PUT /motto/{text}", func(r *http.Request) (int, any) {
		s.motto = r.PathValue("text")
		return http.StatusNoContent, nil
	})
}

var nothing = problem("there is none")

func (s *System) hire(r *http.Request) (int, any) {
	var p Person
	if json.NewDecoder(r.Body).Decode(&p) != nil || p.Login == "" || len(p.Name) > Longest {
		return http.StatusBadRequest, problem("a login is needed, and a name that is not too long")
	}
	for _, other := range s.people {
		if strings.EqualFold(other.Login, p.Login) {
			return http.StatusConflict, map[string]string{"error": "the login is taken", "id": other.ID}
		}
	}
	p.ID, p.State, p.Admin = s.newID("p"), Employed, false
	s.people[p.ID] = &p
	s.note(OfPersons, p.ID, false)
	return http.StatusCreated, p
}

// edit changes the fields that are given.
func (s *System) edit(r *http.Request) (int, any) {
	p := s.people[r.PathValue("id")]
	if p == nil {
		return http.StatusNotFound, nothing
	}
	changed := *p
	changed.More = nil
	if json.NewDecoder(r.Body).Decode(&changed) != nil || changed.ID != p.ID || len(changed.Name) > Longest {
		return http.StatusBadRequest, problem("that cannot be changed so")
	}
	if changed.More == nil {
		changed.More = p.More
	}
	*p = changed
	s.note(OfPersons, p.ID, false)
	return http.StatusOK, p
}

func (s *System) setState(r *http.Request) (int, any) {
	p, state := s.people[r.PathValue("id")], r.PathValue("state")
	switch {
	case p == nil || state != Employed && state != Left:
		return http.StatusNotFound, nothing
	case p.State == state:
		return http.StatusConflict, problem("they are so already")
	}
	p.State = state
	s.note(OfPersons, p.ID, false)
	return http.StatusNoContent, nil
}

func (s *System) forget(r *http.Request) (int, any) {
	id := r.PathValue("id")
	if s.people[id] == nil {
		return http.StatusNotFound, nothing
	}
	s.remove(id)
	return http.StatusNoContent, nil
}

func (s *System) remove(id string) {
	delete(s.people, id)
	for team := range s.members {
		delete(s.members[team], Member{id, OfPersons})
	}
	s.note(OfPersons, id, true)
}

func (s *System) establish(r *http.Request) (int, any) {
	var t Team
	if json.NewDecoder(r.Body).Decode(&t) != nil || t.Name == "" || len(t.Name) > Longest {
		return http.StatusBadRequest, problem("a name is needed")
	}
	for _, other := range s.teams {
		if strings.EqualFold(other.Name, t.Name) {
			return http.StatusConflict, map[string]string{"error": "the name is taken", "id": other.ID}
		}
	}
	t.ID = s.newID("t")
	s.teams[t.ID], s.members[t.ID] = &t, map[Member]bool{}
	s.note(OfTeams, t.ID, false)
	return http.StatusCreated, t
}

func (s *System) rename(r *http.Request) (int, any) {
	t := s.teams[r.PathValue("id")]
	var to Team
	switch {
	case t == nil:
		return http.StatusNotFound, nothing
	case json.NewDecoder(r.Body).Decode(&to) != nil || to.Name == "":
		return http.StatusBadRequest, problem("a name is needed")
	}
	t.Name = to.Name
	s.note(OfTeams, t.ID, false)
	return http.StatusOK, t
}

func (s *System) dissolve(r *http.Request) (int, any) {
	id := r.PathValue("id")
	if s.teams[id] == nil {
		return http.StatusNotFound, nothing
	}
	delete(s.teams, id)
	delete(s.members, id)
	s.note(OfTeams, id, true)
	return http.StatusNoContent, nil
}

func (s *System) join(r *http.Request) (int, any) {
	team, m := r.PathValue("id"), Member{r.PathValue("member"), OfPersons}
	switch {
	case s.teams[team] == nil || s.people[m.ID] == nil:
		return http.StatusNotFound, nothing
	case s.members[team][m]:
		return http.StatusConflict, problem("they are a member already")
	}
	s.members[team][m] = true
	s.note(OfTeams, team, false)
	return http.StatusNoContent, nil
}

func (s *System) leave(r *http.Request) (int, any) {
	team, m := r.PathValue("id"), Member{r.PathValue("member"), OfPersons}
	if s.teams[team] == nil || !s.members[team][m] {
		return http.StatusNotFound, nothing
	}
	delete(s.members[team], m)
	s.note(OfTeams, team, false)
	return http.StatusNoContent, nil
}
