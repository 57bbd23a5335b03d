package httpdir

import (
	"context"
	"net/url"
	"strconv"

	"syncgateway/sdk"
	"syncgateway/sdk/httpx"
)

// SourceAbout describes the source.
func SourceAbout(version string) sdk.About {
	return sdk.About{
		Type: "httpdir-source", Version: version, Summary: "People and groups of a small directory service.", Config: configSchema(),
		Kinds: []sdk.Kind{
			{Name: "user", Shape: sdk.UserShape, Attributes: []sdk.KindAttribute{{Name: "department"}}},
			{Name: "group", Shape: sdk.GroupShape},
		},
		Capabilities: sdk.Capabilities{Delta: true},
	}
}

// Source reads the service.
type Source struct{ http *httpx.Client }

// Configure implements sdk.Source.
func (s *Source) Configure(_ context.Context, c Config) (err error) {
	s.http, err = c.client()
	return err
}

// Check implements sdk.Source.
func (s *Source) Check(ctx context.Context, steps sdk.Steps) {
	steps.Run("list users", func() error {
		var p page[user]
		return s.http.Get(ctx, "users", nil, &p)
	})
}

// changes is what changed since a number.
type changes struct {
	Seq        uint64   `json:"seq"`
	Users      []user   `json:"users"`
	Groups     []group  `json:"groups"`
	GoneUsers  []string `json:"gone_users"`
	GoneGroups []string `json:"gone_groups"`
}

// since asks for what changed. reset is true when the service no longer knows that far
// back.
func (s *Source) since(ctx context.Context, cursor []byte) (c changes, reset bool, err error) {
	err = s.http.Get(ctx, "changes", url.Values{"since": {string(cursor)}}, &c)
	return c, sdk.Is(err, sdk.ReasonNotFound), err
}

// now is the cursor of a read that begins: what changes while it goes on comes again.
func (s *Source) now(ctx context.Context) ([]byte, error) {
	var c changes
	err := s.http.Get(ctx, "changes", url.Values{"since": {"now"}}, &c)
	return cursor(c.Seq), err
}

func cursor(seq uint64) []byte { return strconv.AppendUint(nil, seq, 10) }

// StreamUsers implements sdk.UserStreamer.
func (s *Source) StreamUsers(ctx context.Context, req sdk.ReadRequest, w *sdk.UserWriter) error {
	if len(req.Delta) > 0 {
		c, reset, err := s.since(ctx, req.Delta)
		if reset {
			return w.Reset("the service no longer knows what changed since then")
		}
		if err != nil {
			return err
		}
		for i := range c.Users {
			if err := w.Add(c.Users[i].record()); err != nil {
				return err
			}
		}
		if err := w.Remove(c.GoneUsers...); err != nil {
			return err
		}
		return w.Complete(cursor(c.Seq), nil)
	}
	next, err := s.now(ctx)
	if err != nil {
		return err
	}
	total, err := list(ctx, s.http, "users", func(u user) error { return w.Add(u.record()) })
	if err != nil {
		return err
	}
	return w.Complete(next, count(total))
}

func count(total *int) *uint64 {
	if total == nil {
		return nil
	}
	return new(uint64(*total))
}

// StreamGroups implements sdk.GroupStreamer.
func (s *Source) StreamGroups(ctx context.Context, req sdk.ReadRequest, w *sdk.GroupWriter) error {
	if len(req.Delta) > 0 {
		return s.changedGroups(ctx, req, w)
	}
	next, err := s.now(ctx)
	if err != nil {
		return err
	}
	total, err := list(ctx, s.http, "groups", func(g group) error { return w.Add(g.record()) })
	if err != nil {
		return err
	}
	sent, memberships := 0, (*int)(nil)
	memberships, err = list(ctx, s.http, "memberships", func(m membership) error {
		sent++
		if m.Child != "" {
			return w.AddChildren(m.Group, m.Child)
		}
		return w.AddMembers(m.Group, m.User)
	})
	if err != nil {
		return err
	}
	if memberships != nil && *memberships > sent {
		return sdk.Unavailable("the service says it has %d memberships, and sent %d", *memberships, sent)
	}
	return w.Complete(next, count(total))
}

func (s *Source) changedGroups(ctx context.Context, req sdk.ReadRequest, w *sdk.GroupWriter) error {
	c, reset, err := s.since(ctx, req.Delta)
	if reset {
		return w.Reset("the service no longer knows what changed since then")
	}
	if err != nil {
		return err
	}
	for i := range c.Groups {
		if err := w.Add(c.Groups[i].record()); err != nil {
			return err
		}
		if err := w.ReplaceMembers(c.Groups[i].ID, c.Groups[i].Members, c.Groups[i].Children); err != nil {
			return err
		}
	}
	if err := w.Remove(c.GoneGroups...); err != nil {
		return err
	}
	return w.Complete(cursor(c.Seq), nil)
}

// Lookup implements sdk.Looker.
func (s *Source) Lookup(ctx context.Context, q sdk.LookupRequest) (sdk.Found, error) {
	var f found
	if q.GroupID != "" {
		err := s.http.Get(ctx, "groups/"+url.PathEscape(q.GroupID), nil, &f)
		g := f.Group.record()
		g.ChildIDs = append([]string{}, f.Group.Children...) // none is an answer too
		return sdk.Found{Groups: []sdk.Group{g}}, err
	}
	if err := ask(ctx, s.http, q.ID, q.Email, q.Username, &f); err != nil {
		return sdk.Found{}, err
	}
	r := f.User.record()
	out := sdk.Found{User: &r}
	for i := range f.Groups {
		out.Groups = append(out.Groups, f.Groups[i].record())
	}
	return out, nil
}

// ask looks for one user, by the first of the keys that is set.
func ask(ctx context.Context, c *httpx.Client, id, email, username string, f *found) error {
	switch {
	case id != "":
		return c.Get(ctx, "users/"+url.PathEscape(id), nil, f)
	case email != "":
		return c.Get(ctx, "users", url.Values{"email": {email}}, f)
	}
	return c.Get(ctx, "users", url.Values{"username": {username}}, f)
}

var (
	_ sdk.UserStreamer  = (*Source)(nil)
	_ sdk.GroupStreamer = (*Source)(nil)
	_ sdk.Looker        = (*Source)(nil)
)
