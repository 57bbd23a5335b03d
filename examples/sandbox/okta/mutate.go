package okta

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"syncgateway/examples/sandbox/company"
)

// Apply makes one change to the org, as an administrator would, and writes its System Log events.
func (o *Org) Apply(m company.Mutation) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.apply(m); err != nil {
		return fmt.Errorf("%s in Okta: %w", m.Op, err)
	}
	return nil
}

func (o *Org) apply(m company.Mutation) error {
	switch m.Op {
	case company.Create:
		return o.create(m.Profile)
	case company.GroupCreate:
		return o.createGroup(m.Group)
	case company.GroupRename:
		return o.onGroup(m, o.renameGroup)
	case company.GroupDelete:
		return o.onGroup(m, o.deleteGroup)
	}
	u := o.logins[strings.ToLower(m.Person)]
	if u == nil {
		return fmt.Errorf("no person with login %q", m.Person)
	}
	switch m.Op {
	case company.SetStatus:
		return o.setStatus(u, company.Status(m.Value))
	case company.SetProfile:
		return o.setProfile(u, m.Field, m.Value)
	case company.Delete:
		return o.delete(u)
	case company.MemberAdd:
		return o.onGroup(m, func(g *group, _ string) error { return o.member(g, u, true) })
	case company.MemberRemove:
		return o.onGroup(m, func(g *group, _ string) error { return o.member(g, u, false) })
	}
	return fmt.Errorf("unknown operation")
}

func (o *Org) onGroup(m company.Mutation, do func(g *group, value string) error) error {
	g := o.groupNamed(m.Group)
	if g == nil {
		return fmt.Errorf("no group named %q", m.Group)
	}
	return do(g, m.Value)
}

// publish replaces the user's record and keeps the old one for searches until the index has caught up.
func (o *Org) publish(u *user, r *record) {
	now := o.now()
	if o.lag > 0 {
		if !now.Before(u.visibleAt) {
			u.indexed = u.cur
		}
		u.visibleAt = now.Add(o.lag)
	}
	u.cur = r
	o.listing.Store(nil)
}

// searched is the version that searches see: nil when they do not see the user.
func (u *user) searched(now time.Time) *record {
	if now.Before(u.visibleAt) {
		return u.indexed
	}
	return u.cur
}

func (o *Org) publishGroup(g *group, r *groupRecord) {
	now := o.now()
	if o.lag > 0 {
		if !now.Before(g.visibleAt) {
			g.indexed = g.cur
		}
		g.visibleAt = now.Add(o.lag)
	}
	g.cur = r
}

func (g *group) searched(now time.Time) *groupRecord {
	if now.Before(g.visibleAt) {
		return g.indexed
	}
	return g.cur
}

func (o *Org) create(profile *company.Person) error {
	if profile == nil || profile.Login == "" {
		return fmt.Errorf("a profile with a login is needed")
	}
	p := *profile
	if o.logins[strings.ToLower(p.Login)] != nil {
		return fmt.Errorf("login %q is taken", p.Login)
	}
	if p.Status == "" {
		p.Status = company.Active
	}
	now := o.now()
	u := &user{id: o.ids.Text("00u", 17), groups: map[*group]bool{}}
	o.publish(u, newRecord(p, now, now))
	o.users[u.id], o.logins[strings.ToLower(p.Login)] = u, u
	i, _ := slices.BinarySearchFunc(o.order, u.id, func(u *user, id string) int { return cmp.Compare(u.id, id) })
	o.order = slices.Insert(o.order, i, u)
	o.join(o.everyone, u)
	o.log("user.lifecycle.create", u.target())
	if p.Status != company.Staged {
		o.log("user.lifecycle.activate", u.target())
	}
	return nil
}

var statusEvents = map[company.Status]string{
	company.Deprovisioned: "user.lifecycle.deactivate", company.Suspended: "user.lifecycle.suspend",
	company.LockedOut: "user.account.lock",
}

func (o *Org) setStatus(u *user, s company.Status) error {
	all := []company.Status{
		company.Staged, company.Provisioned, company.Active, company.Recovery,
		company.PasswordExpired, company.LockedOut, company.Suspended, company.Deprovisioned,
	}
	if !slices.Contains(all, s) {
		return fmt.Errorf("unknown status %q", s)
	}
	was := u.cur.person.Status
	if was == s {
		return nil
	}
	apps := o.appsOfUser(u)
	r := u.cur.next(o.now())
	r.person.Status, r.statusChanged = s, r.updated
	o.publish(u, r)
	event := statusEvents[s]
	switch {
	case event != "":
	case was == company.Suspended:
		event = "user.lifecycle.unsuspend"
	case was == company.LockedOut:
		event = "user.account.unlock"
	case was == company.Deprovisioned:
		event = "user.lifecycle.reactivate"
	default:
		event = "user.lifecycle.activate"
	}
	o.log(event, u.target())
	o.logAssignments(u, apps)
	return nil
}

func (o *Org) setProfile(u *user, name, value string) error {
	if name == "" {
		return fmt.Errorf("a field is needed")
	}
	r := u.cur.next(o.now())
	if p := field(&r.person, name); p != nil {
		*p = value
	} else {
		r.custom[name] = value
	}
	if before, after := strings.ToLower(u.cur.person.Login), strings.ToLower(r.person.Login); before != after {
		if o.logins[after] != nil {
			return fmt.Errorf("login %q is taken", value)
		}
		delete(o.logins, before)
		o.logins[after] = u
	}
	o.publish(u, r)
	o.log("user.account.update_profile", u.target())
	return nil
}

// delete forgets a deactivated user, as the second DELETE does.
func (o *Org) delete(u *user) error {
	if u.cur.person.Status != company.Deprovisioned {
		return fmt.Errorf("%s is %s; only a deprovisioned user can be deleted", u.cur.person.Login, u.cur.person.Status)
	}
	target := u.target()
	o.log("user.lifecycle.delete.initiated", target)
	for g := range u.groups {
		delete(g.members, u)
		g.sorted.Store(nil)
	}
	for _, a := range o.apps {
		delete(a.direct, u)
	}
	delete(o.users, u.id)
	delete(o.logins, strings.ToLower(u.cur.person.Login))
	o.publish(u, nil)
	o.log("user.lifecycle.delete.completed", target)
	return nil
}

func (o *Org) createGroup(name string) error {
	if name == "" || o.groupNamed(name) != nil {
		return fmt.Errorf("a new name is needed, not %q", name)
	}
	g := o.newGroup(name, "", company.OktaGroup, o.now())
	made := g.cur
	g.cur = nil
	o.publishGroup(g, made)
	o.log("group.lifecycle.create", g.target())
	return nil
}

func (o *Org) renameGroup(g *group, name string) error {
	if name == "" || o.groupNamed(name) != nil {
		return fmt.Errorf("a new name is needed, not %q", name)
	}
	r := g.cur.next()
	r.name, r.updated = name, o.now()
	o.publishGroup(g, r)
	o.log("group.profile.update", g.target())
	return nil
}

func (o *Org) deleteGroup(g *group, _ string) error {
	if g.cur.kind == company.BuiltIn {
		return fmt.Errorf("%s is built in", g.cur.name)
	}
	target := g.target()
	members := slices.SortedFunc(maps.Keys(g.members), func(x, y *user) int { return cmp.Compare(x.id, y.id) })
	apps := map[*user][]*app{}
	for _, u := range members {
		apps[u] = o.appsOfUser(u)
		delete(u.groups, g)
	}
	for _, a := range o.apps {
		a.groups = slices.DeleteFunc(a.groups, func(x *group) bool { return x == g })
	}
	delete(o.groups, g.id)
	o.publishGroup(g, nil)
	o.log("group.lifecycle.delete", target)
	for _, u := range members {
		o.logAssignments(u, apps[u])
	}
	return nil
}

func (o *Org) join(g *group, u *user) {
	g.members[u], u.groups[g] = true, true
	g.sorted.Store(nil)
}

func (o *Org) member(g *group, u *user, in bool) error {
	if g.members[u] == in {
		return nil
	}
	event, apps := "group.user_membership.add", o.appsOfUser(u)
	if in {
		o.join(g, u)
	} else {
		event = "group.user_membership.remove"
		delete(g.members, u)
		delete(u.groups, g)
		g.sorted.Store(nil)
	}
	r := g.cur.next()
	r.membership = o.now()
	o.publishGroup(g, r)
	o.log(event, u.target(), g.target())
	o.logAssignments(u, apps)
	return nil
}

// Reset makes the org hold this company and nothing else. The token, the events of the
// System Log and the rate limits go on; the app is a new one.
func (o *Org) Reset(c *company.Company) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.users, o.logins, o.order = map[string]*user{}, map[string]*user{}, nil
	o.groups, o.groupOrder, o.everyone, o.apps = map[string]*group{}, nil, nil, map[string]*app{}
	o.populate(c)
	o.listing.Store(nil)
}
