package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"syncgateway/sdk"
	"syncgateway/sdk/conformance/broken/acme"
	"syncgateway/sdk/httpx"
)

// target writes to the system.
type target struct{ base }

func targetAbout() sdk.About {
	a := about("acme-target", sdk.Capabilities{})
	text := func(name string, most int) sdk.KindAttribute {
		return sdk.KindAttribute{Name: name, Writable: true, MaxLength: most}
	}
	a.Kinds = []sdk.Kind{
		{Name: "user", Shape: sdk.UserShape, Operations: []sdk.OperationKind{sdk.CreateUser, sdk.UpdateUser, sdk.ActivateUser, sdk.DeactivateUser, sdk.DeleteUser},
			Attributes: []sdk.KindAttribute{text("username", acme.Longest), text("email", acme.Longest), text("display_name", acme.Longest),
				text("given_name", 0), text("family_name", 0), text("department", 60)}},
		{Name: "group", Shape: sdk.GroupShape, CaseInsensitiveNames: true, MaxNameLength: acme.Longest,
			Operations: []sdk.OperationKind{sdk.CreateGroup, sdk.DeleteGroup, sdk.AddMember, sdk.RemoveMember}, Attributes: []sdk.KindAttribute{text("name", acme.Longest)}},
	}
	return a
}

// ReadState reads everything, or what is named.
func (t *target) ReadState(ctx context.Context, req sdk.StateRequest, w *sdk.StateWriter) error {
	member := map[string]bool{}
	err := list(ctx, &t.base, "/people", nil, "", func(people []acme.Person, _ string) error {
		for i := range people {
			p := &people[i]
			if !wants(req, p) {
				continue
			}
			member[p.ID] = true
			if err := w.AddUsers(user(p)); err != nil {
				return err
			}
			if p.Admin {
				if err := w.Protect(p.ID, "an administrator"); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := t.teams(ctx, req, w, member); err != nil {
		return err
	}
	return w.Complete(nil)
}

func wants(req sdk.StateRequest, p *acme.Person) bool {
	return !req.Targeted() || slices.Contains(req.UserIDs, p.ID) || p.Mail != "" && slices.ContainsFunc(req.Emails, func(m string) bool { return strings.EqualFold(m, p.Mail) })
}

// teams sends the groups, and the memberships of those who were asked for.
func (t *target) teams(ctx context.Context, req sdk.StateRequest, w *sdk.StateWriter, member map[string]bool) error {
	return list(ctx, &t.base, "/teams", nil, "", func(teams []acme.Team, _ string) error {
		for _, x := range teams {
			named := !req.Targeted() || slices.Contains(req.GroupIDs, x.ID) || slices.ContainsFunc(req.GroupNames, func(n string) bool { return strings.EqualFold(n, x.Name) })
			if named {
				if err := w.AddGroups(sdk.Group{ID: x.ID, Name: x.Name}); err != nil {
					return err
				}
			}
			people, children, err := t.members(ctx, x.ID)
			if err != nil {
				return err
			}
			if !named {
				people, children = slices.DeleteFunc(people, func(id string) bool { return !member[id] }), nil
			}
			if err := w.AddMembers(x.ID, people...); err != nil {
				return err
			}
			if err := w.AddChildren(x.ID, children...); err != nil {
				return err
			}
		}
		return nil
	})
}

// ApplyOne carries out one operation.
func (t *target) ApplyOne(ctx context.Context, op sdk.Operation) (sdk.Result, error) {
	person, team := "/people/"+url.PathEscape(op.User.ID), "/teams/"+url.PathEscape(op.Group.ID)
	switch op.Kind {
	case sdk.CreateUser:
		return t.create(ctx, "/people", record(op.User))
	case sdk.UpdateUser:
		return t.update(ctx, person, op)
	case sdk.ActivateUser:
		return t.settle(t.change(ctx, http.MethodPost, person+"/"+acme.Employed), sdk.ReasonConflict)
	case sdk.DeactivateUser, sdk.DeleteUser:
		if err := t.spare(ctx, person); err != nil {
			return sdk.Result{}, err
		}
		if op.Kind == sdk.DeleteUser {
			return t.settle(t.change(ctx, http.MethodDelete, person), sdk.ReasonNotFound)
		}
		return t.settle(t.change(ctx, http.MethodPost, person+"/"+acme.Left), sdk.ReasonConflict)
	case sdk.CreateGroup:
		return t.create(ctx, "/teams", acme.Team{Name: op.Group.Name})
	case sdk.DeleteGroup:
		return t.settle(t.change(ctx, http.MethodDelete, team), sdk.ReasonNotFound)
	case sdk.AddMember, sdk.RemoveMember:
		return t.membership(ctx, op)
	}
	return sdk.Result{}, sdk.Unsupported("%s is not possible here", op.Kind)
}

func record(u sdk.User) acme.Person {
	p := acme.Person{Login: u.Username, Mail: u.Email, Name: u.DisplayName, Given: u.GivenName, Family: u.FamilyName}
	if department := u.Attributes.First("department"); department != "" {
		p.More = map[string]string{"department": department}
	}
	return p
}

func (t *target) change(ctx context.Context, method, path string) error {
	_, err := t.api.Do(ctx, httpx.Request{Method: method, Path: path, Repeatable: true})
	return err
}

// settle takes a refusal for the given reason as a sign that it is so already.
func (t *target) settle(err error, already sdk.Reason) (sdk.Result, error) {
	if sdk.Is(err, already) {
		return sdk.Already(""), nil
	}
	return sdk.Applied(""), err
}

// create makes something; one that is there already is named by the refusal.
func (t *target) create(ctx context.Context, path string, what any) (sdk.Result, error) {
	var made struct {
		ID string `json:"id"`
	}
	_, err := t.api.Do(ctx, httpx.Request{Method: http.MethodPost, Path: path, Body: what, Out: &made, Repeatable: true})
	if f := sdk.AsFailure(err); sdk.Is(err, sdk.ReasonConflict) {
		return sdk.Already(f.RemoteCode), nil
	}
	if err == nil && made.ID == "" {
		err = sdk.Unavailable("the answer does not tell the id")
	}
	return sdk.Applied(made.ID), err
}

// inTheWay reads from a refusal the id of what is there.
func inTheWay(r *httpx.Refusal) {
	var body struct{ Error, ID string }
	if json.Unmarshal(r.Body, &body) == nil {
		r.Message, r.Code = body.Error, body.ID
	}
}

func (t *target) update(ctx context.Context, path string, op sdk.Operation) (sdk.Result, error) {
	all, body := record(op.User), map[string]any{}
	for _, name := range op.Changed {
		switch name {
		case "username":
			body["login"] = all.Login
		case "email":
			body["mail"] = all.Mail
		case "display_name":
			body["name"] = all.Name
		case "given_name":
			body["given"] = all.Given
		case "family_name":
			body["family"] = all.Family
		case "attributes.department":
			body["more"] = all.More
		}
	}
	return sdk.Applied(""), t.api.Patch(ctx, path, body, nil)
}

// spare refuses to take anything from an administrator. Who is not there needs no
// protection.
func (t *target) spare(ctx context.Context, path string) error {
	var p acme.Person
	err := t.api.Get(ctx, path, nil, &p)
	if sdk.Is(err, sdk.ReasonNotFound) {
		return nil
	}
	if err == nil && p.Admin {
		err = sdk.Denied("they are an administrator")
	}
	return err
}

func (t *target) membership(ctx context.Context, op sdk.Operation) (sdk.Result, error) {
	m := op.Member
	path := "/teams/" + url.PathEscape(m.GroupID) + "/members/" + url.PathEscape(m.UserID)
	if op.Kind == sdk.AddMember {
		return t.settle(t.change(ctx, http.MethodPut, path), sdk.ReasonConflict)
	}
	if err := t.spare(ctx, "/people/"+url.PathEscape(m.UserID)); err != nil {
		return sdk.Result{}, err
	}
	return t.settle(t.change(ctx, http.MethodDelete, path), sdk.ReasonNotFound)
}
