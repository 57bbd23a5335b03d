package sdk_test

import (
	"context"
	"net/url"
	"time"

	"syncgateway/sdk"
	"syncgateway/sdk/httpx"
)

// directory is a source that reads in its own way, with changes alone where it can.
type directory struct {
	acme
	now func() time.Time
}

type person struct {
	ID, Login, Mail, Status string
	Dept                    []string
	Gone                    bool
}

// StreamUsers is the form for connectors that can do more than list.
func (d *directory) StreamUsers(ctx context.Context, req sdk.ReadRequest, w *sdk.UserWriter) error {
	started := d.now() // before the first request: nothing that changes meanwhile is missed
	path, query := "/people", url.Values{"limit": {"200"}}
	if len(req.Delta) > 0 {
		since, err := time.Parse(time.RFC3339, string(req.Delta))
		if err != nil || started.Sub(since) > 30*24*time.Hour {
			return w.Reset("the system keeps changes for 30 days")
		}
		path, query = "/changes", url.Values{"since": {string(req.Delta)}}
	}
	for page, err := range httpx.Links[[]person](ctx, d.api, path, query) {
		if err != nil {
			return err
		}
		for _, p := range page {
			if p.Gone {
				err = w.Remove(p.ID)
			} else {
				err = w.Add(toUser(p))
			}
			if err != nil {
				return err
			}
		}
	}
	return w.Complete([]byte(started.Format(time.RFC3339)), nil)
}

func toUser(p person) sdk.User {
	u := sdk.User{ID: p.ID, Username: p.Login, Email: p.Mail, Active: p.Status == "employed"}
	u.Attributes.Set("department", p.Dept...)
	return u
}

var _ sdk.UserStreamer = (*directory)(nil)

// tracker is a target that merges operations: one invitation creates an account and
// puts it into its groups.
type tracker struct{ acme }

// Apply has the operations in an order that respects what depends on what.
func (t *tracker) Apply(ctx context.Context, ops []sdk.Operation, results *sdk.ResultWriter) error {
	joins := map[string][]sdk.Operation{} // by the operation that makes the user
	for _, op := range ops {
		if op.Kind == sdk.AddMember && op.Member.UserOperation != "" && op.Member.GroupOperation == "" {
			joins[op.Member.UserOperation] = append(joins[op.Member.UserOperation], op)
		}
	}
	for _, op := range ops {
		if _, done := results.Result(op.ID); done {
			continue // answered together with another one
		}
		op, refused, ok := results.Ready(op) // predecessors succeeded, ids are filled in
		if !ok {
			results.Done(op.ID, refused)
			continue
		}
		switch op.Kind {
		case sdk.CreateUser:
			t.invite(ctx, op, joins[op.ID], results)
		default:
			results.Fail(op.ID, sdk.Unsupported("%s is not possible here", op.Kind))
		}
	}
	return nil
}

func (t *tracker) invite(ctx context.Context, create sdk.Operation, joins []sdk.Operation, results *sdk.ResultWriter) {
	body := map[string]any{"email": create.User.Email}
	var groups []string
	for _, j := range joins {
		groups = append(groups, j.Member.GroupID)
	}
	body["groups"] = groups
	var made struct{ ID string }
	_, err := t.api.Do(ctx, httpx.Request{Method: "POST", Path: "/invitations", Body: body, Out: &made, Repeatable: true})
	if err != nil {
		results.Fail(create.ID, err) // the joins then get "not attempted" through Ready
		return
	}
	results.Done(create.ID, sdk.Applied(made.ID))
	for _, j := range joins {
		results.Done(j.ID, sdk.Applied(""))
	}
}

func (t *tracker) ReadState(_ context.Context, _ sdk.StateRequest, w *sdk.StateWriter) error {
	return w.Complete(nil)
}

var _ sdk.Target[config] = (*tracker)(nil)
var _ sdk.BatchApplier = (*tracker)(nil)
