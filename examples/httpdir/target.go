package httpdir

import (
	"context"
	"net/http"
	"net/url"

	"syncgateway/sdk"
	"syncgateway/sdk/httpx"
)

// most is how many operations go into one request.
const most = 8

// TargetAbout describes the target.
func TargetAbout(version string) sdk.About {
	return sdk.About{
		Type: "httpdir-target", Version: version, Summary: "Accounts and groups of a small directory service.", Config: configSchema(),
		Kinds: []sdk.Kind{
			{Name: "user", Shape: sdk.UserShape, Attributes: []sdk.KindAttribute{{Name: "username", Writable: true},
				{Name: "email", Writable: true, Required: true}, {Name: "display_name", Writable: true}, {Name: "department", Writable: true}},
				Operations: []sdk.OperationKind{sdk.CreateUser, sdk.UpdateUser, sdk.ActivateUser, sdk.DeactivateUser, sdk.DeleteUser}},
			{Name: "group", Shape: sdk.GroupShape, CaseInsensitiveNames: true, MaxNameLength: 255,
				Operations: []sdk.OperationKind{sdk.CreateGroup, sdk.DeleteGroup, sdk.AddMember, sdk.RemoveMember}},
		},
		Capabilities: sdk.Capabilities{MaxBatch: 2 * most, Concurrency: 2},
	}
}

// Target writes to the service.
type Target struct{ http *httpx.Client }

// Configure implements sdk.Target.
func (t *Target) Configure(_ context.Context, c Config) (err error) {
	t.http, err = c.client()
	return err
}

// Check implements sdk.Target.
func (t *Target) Check(ctx context.Context, steps sdk.Steps) {
	steps.Run("list users", func() error {
		var p page[user]
		return t.http.Get(ctx, "users", nil, &p)
	})
}

// ReadState implements sdk.Target.
func (t *Target) ReadState(ctx context.Context, req sdk.StateRequest, w *sdk.StateWriter) error {
	if req.Targeted() {
		return t.named(ctx, req, w)
	}
	users, groups := 0, 0
	allUsers, err := list(ctx, t.http, "users", func(u user) error {
		users++
		return addUser(w, &u)
	})
	if err != nil {
		return err
	}
	allGroups, err := list(ctx, t.http, "groups", func(g group) error { groups++; return w.AddGroups(g.record()) })
	if err != nil {
		return err
	}
	sent := 0
	memberships, err := list(ctx, t.http, "memberships", func(m membership) error { sent++; return w.AddMembers(m.Group, m.User) })
	if err != nil {
		return err
	}
	for _, x := range []struct {
		what string
		says *int
		sent int
	}{{"users", allUsers, users}, {"groups", allGroups, groups}, {"memberships", memberships, sent}} {
		if x.says != nil && *x.says > x.sent {
			return sdk.Unavailable("the service says it has %d %s, and sent %d", *x.says, x.what, x.sent)
		}
	}
	return w.Complete(nil)
}

func addUser(w *sdk.StateWriter, u *user) error {
	if err := w.AddUsers(u.record()); err != nil || u.Protected == "" {
		return err
	}
	return w.Protect(u.ID, u.Protected)
}

// named reads the records that the request names. One that is not there is no error.
func (t *Target) named(ctx context.Context, req sdk.StateRequest, w *sdk.StateWriter) error {
	seen := map[string]bool{}
	one := func(id, email string) error {
		var f found
		err := ask(ctx, t.http, id, email, "", &f)
		if sdk.Is(err, sdk.ReasonNotFound) || err == nil && seen[f.User.ID] {
			return nil
		}
		if err != nil {
			return err
		}
		seen[f.User.ID] = true
		if err := addUser(w, &f.User); err != nil {
			return err
		}
		for i := range f.Groups {
			if err := w.AddGroups(f.Groups[i].record()); err != nil {
				return err
			}
			if err := w.AddMembers(f.Groups[i].ID, f.User.ID); err != nil {
				return err
			}
		}
		return nil
	}
	for _, id := range req.UserIDs {
		if err := one(id, ""); err != nil {
			return err
		}
	}
	for _, email := range req.Emails {
		if err := one("", email); err != nil {
			return err
		}
	}
	if err := t.namedGroups(ctx, req, w); err != nil {
		return err
	}
	return w.Complete(nil)
}

func (t *Target) namedGroups(ctx context.Context, req sdk.StateRequest, w *sdk.StateWriter) error {
	one := func(path string, query url.Values) error {
		var f found
		err := t.http.Get(ctx, path, query, &f)
		if sdk.Is(err, sdk.ReasonNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := w.AddGroups(f.Group.record()); err != nil {
			return err
		}
		return w.AddMembers(f.Group.ID, f.Members...)
	}
	for _, id := range req.GroupIDs {
		if err := one("groups/"+url.PathEscape(id), nil); err != nil {
			return err
		}
	}
	for _, name := range req.GroupNames {
		if err := one("groups", url.Values{"name": {name}}); err != nil {
			return err
		}
	}
	return nil
}

// operation is one change as the service takes it. Made names the operation of the
// same request that makes the account.
type operation struct {
	ID      string   `json:"id"`
	Kind    string   `json:"kind"`
	User    *user    `json:"user,omitempty"`
	Changed []string `json:"changed,omitempty"`
	Group   *group   `json:"group,omitempty"`
	UserID  string   `json:"user_id,omitempty"`
	GroupID string   `json:"group_id,omitempty"`
	Made    string   `json:"made,omitempty"`
}

type result struct {
	ID       string `json:"id"`
	Outcome  string `json:"outcome"` // applied, already, refused, missing
	RemoteID string `json:"remote_id"`
	Message  string `json:"message"`
}

// Apply implements sdk.BatchApplier: some operations a request, one request after the
// other, and none after one without an answer.
func (t *Target) Apply(ctx context.Context, ops []sdk.Operation, results *sdk.ResultWriter) error {
	for len(ops) > 0 {
		n := min(most, len(ops))
		if err := t.send(ctx, ops[:n], results); err != nil {
			for _, op := range ops[:n] { // the request may have been carried out
				if _, done := results.Result(op.ID); !done {
					results.Fail(op.ID, err)
				}
			}
			return nil
		}
		ops = ops[n:]
	}
	return nil
}

func (t *Target) send(ctx context.Context, ops []sdk.Operation, results *sdk.ResultWriter) error {
	var body struct {
		Operations []operation `json:"operations"`
	}
	here := map[string]bool{}
	for _, op := range ops {
		here[op.ID] = true
		if made := op.Member.UserOperation; made == "" || !here[made] {
			ready, r, ok := results.Ready(op)
			if !ok {
				results.Done(op.ID, r)
				continue
			}
			op = ready
		}
		body.Operations = append(body.Operations, wire(op))
	}
	if len(body.Operations) == 0 {
		return nil
	}
	var answer struct {
		Results []result `json:"results"`
	}
	if _, err := t.http.Do(ctx, httpx.Request{Method: http.MethodPost, Path: "operations", Body: body, Out: &answer}); err != nil {
		return err
	}
	for _, r := range answer.Results {
		results.Done(r.ID, r.outcome())
	}
	return nil
}

func wire(op sdk.Operation) operation {
	o := operation{ID: op.ID, Kind: op.Kind.String(), Changed: op.Changed}
	switch op.Kind {
	case sdk.CreateGroup, sdk.DeleteGroup:
		o.Group = &group{ID: op.Group.ID, Name: op.Group.Name}
	case sdk.AddMember, sdk.RemoveMember:
		o.UserID, o.GroupID, o.Made = op.Member.UserID, op.Member.GroupID, op.Member.UserOperation
	default:
		u := op.User
		o.User = &user{ID: u.ID, Username: u.Username, Email: u.Email, Name: u.DisplayName, Department: u.Attributes.First("department"), Active: u.Active}
	}
	return o
}

func (r result) outcome() sdk.Result {
	switch r.Outcome {
	case "applied":
		return sdk.Applied(r.RemoteID)
	case "already":
		return sdk.Already(r.RemoteID)
	case "missing":
		return sdk.Failed(sdk.NotFound("%s", r.Message))
	}
	return sdk.Failed(sdk.Denied("%s", r.Message))
}

var _ sdk.BatchApplier = (*Target)(nil)
