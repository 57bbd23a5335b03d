// Command gateway-acme-wiki is a target for the Acme wiki: accounts, teams and who is
// in which team.
package main

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"syncgateway/sdk"
	"syncgateway/sdk/httpx"
	"syncgateway/sdk/schema"
)

var version = "0.1.0"

func main() {
	sdk.ServeTarget(sdk.About{
		Type: "acme-wiki", Version: version, Summary: "Accounts and teams of the Acme wiki.",
		Config: schema.Of(
			schema.String("base_url").Required().Doc("Root of the wiki's API.").Example("https://wiki.acme.example/api"),
			schema.Secret("token").Required().Doc("Token of an administrator of the wiki."),
		),
		Kinds: []sdk.Kind{
			{Name: "user", Shape: sdk.UserShape, Attributes: []sdk.KindAttribute{
				{Name: "email", Doc: "The account's name.", Writable: true, Required: true, CreateOnly: true},
				{Name: "display_name", Doc: "Shown beside what somebody wrote.", Writable: true, MaxLength: 80}},
				Operations: []sdk.OperationKind{sdk.CreateUser, sdk.UpdateUser, sdk.ActivateUser, sdk.DeactivateUser}},
			{Name: "group", Shape: sdk.GroupShape, CaseInsensitiveNames: true, MaxNameLength: 80,
				Operations: []sdk.OperationKind{sdk.CreateGroup, sdk.DeleteGroup, sdk.AddMember, sdk.RemoveMember}},
		},
		Permissions: "The token must be an administrator's.",
	}, &wiki{})
}

type config struct {
	BaseURL string `json:"base_url"`
	Token   string `json:"token"`
}

type wiki struct{ api *httpx.Client }

// Configure keeps the settings. It makes no request.
func (w *wiki) Configure(_ context.Context, c config) error {
	w.api = httpx.New(c.BaseURL, httpx.Bearer(c.Token))
	if err := w.api.Err(); err != nil {
		return sdk.At("base_url").Errorf("%v", err)
	}
	return nil
}

// Check is what `gateway check` shows, step by step.
func (w *wiki) Check(ctx context.Context, steps sdk.Steps) {
	steps.Run("authenticate", func() error { return w.api.Get(ctx, "/accounts", url.Values{"limit": {"1"}}, nil) })
}

type account struct {
	ID       string `json:"id,omitempty"`
	Mail     string `json:"mail,omitempty"`
	Name     string `json:"name,omitempty"`
	Disabled *bool  `json:"disabled,omitempty"`
	Admin    bool   `json:"admin,omitempty"`
}

type team struct {
	ID      string   `json:"id,omitempty"`
	Name    string   `json:"name"`
	Members []string `json:"members,omitempty"`
}

type listing[T any] struct {
	Items []T
	Next  string
}

// ReadState lists accounts and teams, and leaves out what was not asked for.
func (w *wiki) ReadState(ctx context.Context, req sdk.StateRequest, out *sdk.StateWriter) error {
	wanted := map[string]bool{} // ids of accounts that were asked for by id or by e-mail
	for a, err := range all[account](ctx, w.api, "/accounts", req.PageSize) {
		if err != nil {
			return err
		}
		if wanted[a.ID] = slices.Contains(req.UserIDs, a.ID) || contains(req.Emails, a.Mail); req.Targeted() && !wanted[a.ID] {
			continue
		}
		user := sdk.User{ID: a.ID, Email: a.Mail, DisplayName: a.Name, Active: a.Disabled == nil || !*a.Disabled}
		if err := out.AddUsers(user); err != nil {
			return err
		}
		if a.Admin {
			if err := out.Protect(a.ID, "an administrator of the wiki"); err != nil {
				return err
			}
		}
	}
	for t, err := range all[team](ctx, w.api, "/teams", req.PageSize) {
		if err != nil {
			return err
		}
		if !req.Targeted() || slices.Contains(req.GroupIDs, t.ID) || contains(req.GroupNames, t.Name) {
			err = out.AddGroups(sdk.Group{ID: t.ID, Name: t.Name, UserIDs: t.Members})
		} else if some := slices.DeleteFunc(t.Members, func(id string) bool { return !wanted[id] }); len(some) > 0 {
			err = out.AddGroups(sdk.Group{ID: t.ID, Name: t.Name, UserIDs: some})
		}
		if err != nil {
			return err
		}
	}
	return out.Complete(nil)
}

func contains(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// all lists the records of every page.
func all[T any](ctx context.Context, api *httpx.Client, path string, size int) func(func(T, error) bool) {
	if size <= 0 {
		size = 100
	}
	pages := httpx.Cursors(ctx, api, path, url.Values{"limit": {strconv.Itoa(size)}}, "after", func(l *listing[T]) string { return l.Next })
	return func(yield func(T, error) bool) {
		for page, err := range pages {
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

// ApplyOne carries out one operation. Whatever is so already is Already, so that an
// operation whose answer was lost can be repeated.
func (w *wiki) ApplyOne(ctx context.Context, op sdk.Operation) (sdk.Result, error) {
	switch op.Kind {
	case sdk.CreateUser:
		return w.create(ctx, "/accounts", account{Mail: op.User.Email, Name: op.User.DisplayName})
	case sdk.UpdateUser:
		return sdk.Applied(""), w.api.Patch(ctx, "/accounts/"+url.PathEscape(op.User.ID), map[string]string{"name": op.User.DisplayName}, nil)
	case sdk.ActivateUser, sdk.DeactivateUser:
		return w.enable(ctx, op.User.ID, op.Kind == sdk.ActivateUser)
	case sdk.CreateGroup:
		return w.create(ctx, "/teams", team{Name: op.Group.Name})
	case sdk.DeleteGroup:
		return w.end(ctx, http.MethodDelete, "/teams/"+url.PathEscape(op.Group.ID))
	case sdk.AddMember:
		return w.end(ctx, http.MethodPut, membership(op.Member))
	case sdk.RemoveMember:
		return w.end(ctx, http.MethodDelete, membership(op.Member))
	}
	return sdk.Result{}, sdk.Unsupported("the wiki cannot %s", op.Kind)
}

func membership(m sdk.Member) string {
	return "/teams/" + url.PathEscape(m.GroupID) + "/members/" + url.PathEscape(m.UserID)
}

// create makes a record. One of that name, which a repeated call finds, is answered by
// 200 instead of 201.
func (w *wiki) create(ctx context.Context, path string, body any) (sdk.Result, error) {
	var made struct{ ID string }
	resp, err := w.api.Do(ctx, httpx.Request{Method: http.MethodPost, Path: path, Body: body, Out: &made, Repeatable: true})
	if err == nil && resp.Status == http.StatusOK {
		return sdk.Already(made.ID), nil
	}
	return sdk.Applied(made.ID), err
}

func (w *wiki) enable(ctx context.Context, id string, active bool) (sdk.Result, error) {
	path, disabled := "/accounts/"+url.PathEscape(id), !active
	var now account
	if err := w.api.Get(ctx, path, nil, &now); err != nil {
		return sdk.Result{}, err
	}
	if (now.Disabled != nil && *now.Disabled) == disabled {
		return sdk.Already(""), nil
	}
	return sdk.Applied(""), w.api.Patch(ctx, path, account{Disabled: &disabled}, nil)
}

// end makes a request that says by 404 or 304 that there was nothing to do.
func (w *wiki) end(ctx context.Context, method, path string) (sdk.Result, error) {
	resp, err := w.api.Do(ctx, httpx.Request{Method: method, Path: path})
	switch {
	case method == http.MethodDelete && sdk.Is(err, sdk.ReasonNotFound), err == nil && resp.Status == http.StatusOK:
		return sdk.Already(""), nil
	}
	return sdk.Applied(""), err
}
