package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// bareServer is the least that could answer: JSON in a map, kept nowhere else.
type bareServer struct {
	mu     sync.RWMutex
	next   int
	byID   map[string][]byte
	byName map[string]string
	groups map[string]map[string]bool
}

func serveBare(address string) error {
	s := &bareServer{byID: map[string][]byte{}, byName: map[string]string{}, groups: map[string]map[string]bool{}}
	return http.ListenAndServe(address, s)
}

// ServeHTTP implements http.Handler.
func (s *bareServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, id, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	w.Header().Set("Content-Type", "application/scim+json")
	switch {
	case r.Method == http.MethodGet && id != "":
		s.mu.RLock()
		body, ok := s.byID[id]
		s.mu.RUnlock()
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write(body)
	case r.Method == http.MethodGet:
		_, name, _ := strings.Cut(r.URL.Query().Get("filter"), `"`)
		s.mu.RLock()
		body := s.byID[s.byName[strings.TrimSuffix(name, `"`)]]
		s.mu.RUnlock()
		_, _ = io.WriteString(w, `{"totalResults":1,"Resources":[`)
		_, _ = w.Write(body)
		_, _ = io.WriteString(w, `]}`)
	case r.Method == http.MethodPost:
		s.create(w, r, kind)
	case r.Method == http.MethodPatch:
		s.patch(w, r, id)
	}
}

func (s *bareServer) create(w http.ResponseWriter, r *http.Request, kind string) {
	var body map[string]any
	if json.NewDecoder(r.Body).Decode(&body) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.next++
	id := strconv.Itoa(s.next)
	body["id"] = id
	data, _ := json.Marshal(body) // of what was JSON
	s.byID[id] = data
	if name, ok := body["userName"].(string); ok {
		s.byName[name] = id
	}
	if kind == "Groups" {
		s.groups[id] = map[string]bool{}
	}
	s.mu.Unlock()
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(data)
}

func (s *bareServer) patch(w http.ResponseWriter, r *http.Request, id string) {
	var body struct {
		Operations []struct {
			Value []struct {
				Value string `json:"value"`
			} `json:"value"`
		}
	}
	if json.NewDecoder(r.Body).Decode(&body) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	for _, op := range body.Operations {
		for _, v := range op.Value {
			s.groups[id][v.Value] = true
		}
	}
	s.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}
