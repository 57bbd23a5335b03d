package okta

import (
	"cmp"
	"slices"

	"syncgateway/examples/sandbox/company"
)

// appsOfUser are the apps that the user is assigned to, in order of id.
func (o *Org) appsOfUser(u *user) []*app {
	var out []*app
	if u.cur == nil || u.cur.person.Status == company.Deprovisioned {
		return nil
	}
	for _, a := range o.apps {
		if a.direct[u] || slices.ContainsFunc(a.groups, func(g *group) bool { return g.members[u] }) {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(x, y *app) int { return cmp.Compare(x.id, y.id) })
	return out
}

// logAssignments writes an event for every app that the user came to or left since before, as Okta does whether the
// assignment is direct or by a group.
func (o *Org) logAssignments(u *user, before []*app) {
	after := o.appsOfUser(u)
	for _, a := range before {
		if !slices.Contains(after, a) {
			o.log("application.user_membership.remove", u.appTarget(), a.target(), u.target())
		}
	}
	for _, a := range after {
		if !slices.Contains(before, a) {
			o.log("application.user_membership.add", u.appTarget(), a.target(), u.target())
		}
	}
}

func (a *app) target() target { return target{a.id, "AppInstance", a.label, a.label} }

func (u *user) appTarget() target {
	t := u.target()
	t.id, t.kind = "0ua"+u.id[3:], "AppUser"
	return t
}
