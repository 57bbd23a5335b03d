package main

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"

	"syncgateway/sdk"
	"syncgateway/sdk/conformance/broken/acme"
)

// source reads the system, whole, from a checkpoint, or what has changed.
type source struct{ base }

// cursor is where a read goes on: at a page, or with the changes since a number.
type cursor struct {
	Page  string `json:"page,omitempty"`
	Since string `json:"since"`
}

func (c cursor) bytes() []byte {
	data, _ := json.Marshal(c) // nothing in it can fail
	return data
}

// now is the number of the last change.
func (s *source) now(ctx context.Context) (string, error) {
	var p page[acme.Change]
	err := s.api.Get(ctx, "/changes", nil, &p)
	if err == nil && p.Now == "" {
		err = sdk.Unavailable("the log does not say how far it is")
	}
	return p.Now, err
}

// start is where a full read begins.
func (s *source) start(ctx context.Context, req sdk.ReadRequest) (c cursor, err error) {
	if len(req.Resume) > 0 && json.Unmarshal(req.Resume, &c) == nil {
		return c, nil
	}
	c = cursor{}
	c.Since, err = s.now(ctx)
	return c, err
}

// StreamUsers reads people.
func (s *source) StreamUsers(ctx context.Context, req sdk.ReadRequest, w *sdk.UserWriter) error {
	if len(req.Delta) > 0 {
		return s.changedPeople(ctx, req.Delta, w)
	}
	from, err := s.start(ctx, req)
	if err != nil {
		return err
	}
	err = list(ctx, &s.base, "/people", nil, from.Page, func(people []acme.Person, next string) error {
		for i := range people {
			if err := w.Add(user(&people[i])); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		return w.Checkpoint(cursor{next, from.Since}.bytes())
	})
	if err != nil {
		return err
	}
	return w.Complete(cursor{Since: from.Since}.bytes(), nil)
}

// StreamGroups reads teams with their members.
func (s *source) StreamGroups(ctx context.Context, req sdk.ReadRequest, w *sdk.GroupWriter) error {
	if len(req.Delta) > 0 {
		return s.changedTeams(ctx, req.Delta, w)
	}
	from, err := s.start(ctx, req)
	if err != nil {
		return err
	}
	err = list(ctx, &s.base, "/teams", nil, from.Page, func(teams []acme.Team, next string) error {
		for _, t := range teams {
			if err := s.send(ctx, t, w); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		return w.Checkpoint(cursor{next, from.Since}.bytes())
	})
	if err != nil {
		return err
	}
	return w.Complete(cursor{Since: from.Since}.bytes(), nil)
}

func (s *source) send(ctx context.Context, t acme.Team, w *sdk.GroupWriter) error {
	people, teams, err := s.members(ctx, t.ID)
	if err != nil {
		return err
	}
	return w.Add(sdk.Group{ID: t.ID, Name: t.Name, UserIDs: append([]string{}, people...), ChildIDs: teams})
}

// changed lists what changed since a cursor, each thing once. why says that the cursor
// is of no use.
func (s *source) changed(ctx context.Context, delta []byte, kind string) (list []acme.Change, now, why string, err error) {
	var c cursor
	if json.Unmarshal(delta, &c) != nil || c.Since == "" {
		return nil, "", "the cursor is not one of this connector", nil
	}
	var p page[acme.Change]
	if err := s.api.Get(ctx, "/changes", url.Values{"since": {c.Since}}, &p); err != nil {
		if sdk.Is(err, sdk.ReasonNotFound) {
			return nil, "", "the system has forgotten the changes since then", nil
		}
		return nil, "", "", err
	}
	slices.Reverse(p.Items) // the last change of each thing counts
	seen := map[string]bool{}
	for _, x := range p.Items {
		if x.Kind == kind && !seen[x.ID] {
			seen[x.ID] = true
			list = append(list, x)
		}
	}
	return list, p.Now, "", p.whole()
}

func (s *source) changedPeople(ctx context.Context, delta []byte, w *sdk.UserWriter) error {
	changes, now, why, err := s.changed(ctx, delta, acme.OfPersons)
	if err != nil {
		return err
	}
	if why != "" {
		return w.Reset(why)
	}
	for _, c := range changes {
		var p acme.Person
		err := s.api.Get(ctx, "/people/"+url.PathEscape(c.ID), nil, &p)
		switch {
		case sdk.Is(err, sdk.ReasonNotFound):
			err = w.Remove(c.ID)
		case err == nil:
			err = w.Add(user(&p))
		}
		if err != nil {
			return err
		}
	}
	return w.Complete(cursor{Since: now}.bytes(), nil)
}

func (s *source) changedTeams(ctx context.Context, delta []byte, w *sdk.GroupWriter) error {
	changes, now, why, err := s.changed(ctx, delta, acme.OfTeams)
	if err != nil {
		return err
	}
	if why != "" {
		return w.Reset(why)
	}
	for _, c := range changes {
		var t acme.Team
		err := s.api.Get(ctx, "/teams/"+url.PathEscape(c.ID), nil, &t)
		switch {
		case sdk.Is(err, sdk.ReasonNotFound):
			err = w.Remove(c.ID)
		case err == nil:
			err = s.send(ctx, t, w)
		}
		if err != nil {
			return err
		}
	}
	return w.Complete(cursor{Since: now}.bytes(), nil)
}

// Lookup finds one person with their teams, or one team.
func (s *source) Lookup(ctx context.Context, req sdk.LookupRequest) (sdk.Found, error) {
	if req.GroupID != "" {
		var t acme.Team
		err := s.api.Get(ctx, "/teams/"+url.PathEscape(req.GroupID), nil, &t)
		if err == nil && t.ID != req.GroupID {
			err = sdk.Unavailable("the answer is not the team that was asked for")
		}
		return sdk.Found{Groups: []sdk.Group{{ID: t.ID, Name: t.Name}}}, err
	}
	p, err := s.find(ctx, req)
	if err != nil {
		return sdk.Found{}, err
	}
	u := user(p)
	out := sdk.Found{User: &u}
	err = list(ctx, &s.base, "/people/"+url.PathEscape(p.ID)+"/teams", nil, "", func(teams []acme.Team, _ string) error {
		for _, t := range teams {
			out.Groups = append(out.Groups, sdk.Group{ID: t.ID, Name: t.Name})
		}
		return nil
	})
	return out, err
}

func (s *source) find(ctx context.Context, req sdk.LookupRequest) (*acme.Person, error) {
	if req.ID != "" {
		var p acme.Person
		err := s.api.Get(ctx, "/people/"+url.PathEscape(req.ID), nil, &p)
		if err == nil && p.ID != req.ID {
			err = sdk.Unavailable("the answer is not the person who was asked for")
		}
		return &p, err
	}
	query := url.Values{}
	switch {
	case req.Username != "":
		query.Set("login", req.Username)
	case req.Email != "":
		query.Set("mail", req.Email)
	default:
		return nil, sdk.Invalid("a lookup needs an id, a username or an e-mail address")
	}
	var p page[acme.Person]
	err := s.api.Get(ctx, "/people", query, &p)
	if err == nil {
		err = p.whole()
	}
	if err != nil {
		return nil, err
	}
	if len(p.Items) != 1 {
		return nil, sdk.NotFound("nobody has that name")
	}
	return &p.Items[0], nil
}
