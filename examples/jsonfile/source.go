package jsonfile

import (
	"context"

	"syncgateway/sdk"
)

// SourceAbout describes the source.
func SourceAbout(version string) sdk.About {
	return sdk.About{
		Type: "jsonfile-source", Version: version, Summary: "People and groups in a JSON file.", Config: configSchema(),
		Kinds: []sdk.Kind{
			{Name: "user", Shape: sdk.UserShape, Attributes: []sdk.KindAttribute{{Name: "*", Doc: "Whatever the file has under attributes."}}},
			{Name: "group", Shape: sdk.GroupShape},
		},
	}
}

// Source reads the file.
type Source struct{ c Config }

// Configure implements sdk.Source.
func (s *Source) Configure(_ context.Context, c Config) error {
	s.c = c
	return nil
}

// Check implements sdk.Source.
func (s *Source) Check(_ context.Context, steps sdk.Steps) {
	steps.Run("read the file", func() error {
		f, err := load(s.c.Path, true)
		if err == nil {
			steps.Detailf("%d users, %d groups", len(f.Users), len(f.Groups))
		}
		return err
	})
}

// StreamUsers implements sdk.UserStreamer.
func (s *Source) StreamUsers(_ context.Context, _ sdk.ReadRequest, w *sdk.UserWriter) error {
	f, err := load(s.c.Path, true)
	if err != nil {
		return err
	}
	for i := range f.Users {
		if f.fault("users_fail") && i >= len(f.Users)/2 {
			return sdk.Unavailable("the file broke off in the middle")
		}
		if u := &f.Users[i]; !f.fault("hide:" + u.ID) {
			if err := w.Add(u.record()); err != nil {
				return err
			}
		}
	}
	return w.Complete(nil, nil)
}

// StreamGroups implements sdk.GroupStreamer.
func (s *Source) StreamGroups(_ context.Context, _ sdk.ReadRequest, w *sdk.GroupWriter) error {
	f, err := load(s.c.Path, true)
	if err != nil {
		return err
	}
	for i, g := range f.Groups {
		if f.fault("groups_fail") && i >= len(f.Groups)/2 {
			return sdk.Unavailable("the file broke off in the middle")
		}
		if err := w.Add(sdk.Group{ID: g.ID, Name: g.Name, UserIDs: f.members(g.ID), ChildIDs: g.Children}); err != nil {
			return err
		}
	}
	return w.Complete(nil, nil)
}

// Lookup implements sdk.Looker.
func (s *Source) Lookup(_ context.Context, q sdk.LookupRequest) (sdk.Found, error) {
	f, err := load(s.c.Path, true)
	if err != nil {
		return sdk.Found{}, err
	}
	if f.fault("lookup_fail") {
		return sdk.Found{}, sdk.Unavailable("nobody answers")
	}
	if g := f.group(q.GroupID); g != nil {
		return sdk.Found{Groups: []sdk.Group{{ID: g.ID, Name: g.Name}}}, nil
	}
	for i := range f.Users {
		u := &f.Users[i]
		if u.ID != q.ID && !sameText(u.Username, q.Username) && !sameText(u.Email, q.Email) {
			continue
		}
		r := u.record()
		found := sdk.Found{User: &r}
		for _, id := range u.Groups {
			if g := f.group(id); g != nil {
				found.Groups = append(found.Groups, sdk.Group{ID: g.ID, Name: g.Name})
			}
		}
		return found, nil
	}
	return sdk.Found{}, sdk.NotFound("nobody of that name")
}

var (
	_ sdk.UserStreamer  = (*Source)(nil)
	_ sdk.GroupStreamer = (*Source)(nil)
	_ sdk.Looker        = (*Source)(nil)
)
