package okta

import (
	"context"
	"net/url"
	"strings"
	"time"

	"syncgateway/sdk"
)

// userRecord is a user as Okta gives it.
type userRecord struct {
	ID            string    `json:"id"`
	Status        string    `json:"status"`
	LastUpdated   string    `json:"lastUpdated"`
	StatusChanged time.Time `json:"statusChanged"`
	Profile       fields    `json:"profile"`
	appUsername   string
	suspended     bool // the assignment to the app is not in force
}

// The statuses that something beside their activity depends on.
const (
	staged        = "STAGED"
	deprovisioned = "DEPROVISIONED"
)

// activeBy tells which statuses count as active: somebody who is locked out or must
// choose a new password is still an employee.
var activeBy = map[string]bool{
	"PROVISIONED": true, "ACTIVE": true, "RECOVERY": true, "PASSWORD_EXPIRED": true, "LOCKED_OUT": true,
	staged: false, "SUSPENDED": false, deprovisioned: false,
}

// skipped says why a user is left out by the settings, empty when it is not.
func (s *Source) skipped(u *userRecord) string {
	switch {
	case u.Status == staged && s.Staged == stagedSkip:
		return `never activated (STAGED), which staged = "skip" leaves out`
	case u.Status == deprovisioned && !s.IncludeDeprovisioned:
		return "deactivated (DEPROVISIONED), which include_deprovisioned = false leaves out"
	}
	return ""
}

// active tells whether somebody works here. A status that Okta may add one day counts
// as active, since nobody may lose access by it.
func (u *userRecord) active() bool {
	active, known := activeBy[u.Status]
	return (active || !known) && !u.suspended
}

// user makes a record of the contract. known is false for a status that is not.
func (u *userRecord) user(attributes []string) (out sdk.User, known bool) {
	_, known = activeBy[u.Status]
	out = sdk.User{ID: u.ID, Version: u.LastUpdated, Active: u.active()}
	if !u.suspended { // an assignment has no time of its own
		out.StatusChanged = u.StatusChanged
	}
	p := u.Profile
	out.Username, out.Email, out.DisplayName = p.take("login"), p.take("email"), p.take("displayName")
	out.GivenName, out.FamilyName = p.take("firstName"), p.take("lastName")
	if out.DisplayName == "" {
		out.DisplayName = strings.TrimSpace(out.GivenName + " " + out.FamilyName)
	}
	p.take("status") // Okta's own goes before a custom attribute of that name
	if u.Status != "" {
		p = append(p, sdk.Attribute{Name: "status", Values: []string{u.Status}})
	}
	if u.appUsername != "" {
		p = append(p, sdk.Attribute{Name: "app_username", Values: []string{u.appUsername}})
	}
	out.Attributes = p.wanted(attributes)
	return out, known
}

// userRead is one read of users on its way.
type userRead struct {
	*Source
	w          *sdk.UserWriter
	attributes []string
	seen       map[string]bool
	delta      bool
}

func (s *Source) userRead(req sdk.ReadRequest, w *sdk.UserWriter) *userRead {
	return &userRead{Source: s, w: w, attributes: req.Attributes, seen: map[string]bool{}, delta: len(req.Delta) > 0}
}

// StreamUsers reads everyone, or who changed since the cursor was handed out.
func (s *Source) StreamUsers(ctx context.Context, req sdk.ReadRequest, w *sdk.UserWriter) error {
	r := s.userRead(req, w)
	switch {
	case r.delta:
		return r.changes(ctx, req.Delta)
	case s.AppID != "":
		return r.assigned(ctx)
	}
	started, err := r.list(ctx, url.Values{"limit": {"200"}})
	if err != nil {
		return err
	}
	if len(r.seen) == 0 {
		return s.client.blind("users")
	}
	if s.IncludeDeprovisioned { // the plain listing leaves them out
		if _, err := r.list(ctx, url.Values{"limit": {"200"}, "search": {`status eq "DEPROVISIONED"`}}); err != nil {
			return err
		}
	}
	return r.complete(ctx, started)
}

// complete ends a full read that began at the given moment by the org's clock.
func (r *userRead) complete(ctx context.Context, started time.Time) error {
	next, err := r.handOut(ctx, "users", started, r.attributes, r.w.Notice)
	if err != nil {
		return err
	}
	return r.w.Complete(next, nil)
}

// list sends what a listing has, and returns when its first page was given.
func (r *userRead) list(ctx context.Context, query url.Values) (started time.Time, err error) {
	for p, err := range list[userRecord](ctx, r.client, "/api/v1/users", query) {
		if err != nil {
			return started, err
		}
		if started.IsZero() {
			started = p.at
		}
		for i := range p.items {
			if err := r.add(&p.items[i]); err != nil {
				return started, err
			}
		}
	}
	return started, nil
}

// add sends a user, once. One that the settings leave out is, in a delta read, one who
// is no longer there.
func (r *userRead) add(u *userRecord) error {
	if u.ID != "" && r.seen[u.ID] {
		return nil
	}
	r.seen[u.ID] = true
	if r.skipped(u) != "" {
		if r.delta {
			return r.w.Remove(u.ID)
		}
		return nil
	}
	user, known := u.user(r.attributes)
	if !known {
		if err := r.w.Notice(u.ID, "unknown status %q; taken for active", u.Status); err != nil {
			return err
		}
	}
	return r.w.Add(user)
}
