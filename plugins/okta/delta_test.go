package okta

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/company"
	"syncgateway/examples/sandbox/fault"
	"syncgateway/examples/sandbox/okta"
	"syncgateway/examples/sandbox/reqlog"
	"syncgateway/sdk"
	"syncgateway/sdk/sdktest"
)

var reqlogAll = reqlog.Filter{Server: sandbox.Okta}

// mirror keeps what reads said as the gateway does, which forgets memberships of people
// it was not told of.
type mirror struct {
	t             *testing.T
	in            *sdktest.Instance
	users         map[string]sdk.User
	groups        map[string]sdk.Group
	members       map[string][]string
	ofUsers, ofGr []byte
}

func newMirror(t *testing.T, in *sdktest.Instance) *mirror {
	m := &mirror{t: t, in: in}
	m.read(nil, nil)
	return m
}

// read reads in full without cursors, else what changed.
func (m *mirror) read(ofUsers, ofGroups []byte) (u, g *sdktest.Read) {
	m.t.Helper()
	if ofUsers == nil {
		m.users, m.groups, m.members = map[string]sdk.User{}, map[string]sdk.Group{}, map[string][]string{}
	}
	u = completed(m.t, users(m.t, m.in, sdk.ReadRequest{Delta: ofUsers}))
	g = completed(m.t, groups(m.t, m.in, sdk.ReadRequest{Delta: ofGroups}))
	for _, x := range u.Users {
		m.users[x.ID] = x
	}
	for _, id := range u.Removed {
		delete(m.users, id)
	}
	for _, x := range g.Groups {
		x.UserIDs = nil
		m.groups[x.ID] = x
		if ofGroups != nil && !slices.Contains(g.Replaced, x.ID) {
			m.t.Errorf("the members of %s were not replaced", x.Name)
		}
		m.members[x.ID] = nil
	}
	for id, members := range g.Members {
		m.members[id] = slices.Compact(slices.Sorted(slices.Values(append(m.members[id], members...))))
	}
	for id := range m.members {
		m.members[id] = slices.DeleteFunc(m.members[id], func(user string) bool { _, ok := m.users[user]; return !ok })
	}
	for _, id := range g.Removed {
		delete(m.groups, id)
		delete(m.members, id)
	}
	m.ofUsers, m.ofGr = u.Complete.Delta, g.Complete.Delta
	return u, g
}

func (m *mirror) delta() (u, g *sdktest.Read) { m.t.Helper(); return m.read(m.ofUsers, m.ofGr) }

// text is the mirror in an order that does not depend on how it came about.
func (m *mirror) text() string {
	data, _ := json.MarshalIndent([]any{m.users, m.groups, m.members}, "", " ")
	return string(data)
}

func TestDeltaSeesEveryKindOfChange(t *testing.T) {
	for _, scope := range []string{"org", "app"} {
		o := small(t)
		more := map[string]any{}
		if scope == "app" {
			more["app_id"] = o.Okta.AppID()
		}
		in := o.open(more)
		m := newMirror(t, in)
		steps, err := company.Steps(company.DayStep)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range steps {
			t.Run(scope+"/"+step.Name, func(t *testing.T) {
				m.t = t
				o.clock.jump(time.Hour)
				o.mutate(step.Mutations...)
				u, g := m.delta()
				if got, want := m.text(), newMirror(t, in).text(); got != want {
					t.Errorf("after the changes:\n%s", firstDifference(got, want))
				}
				if len(u.Users)+len(u.Removed) > 10 || len(g.Groups) > 10 {
					t.Errorf("%d users, %d groups read again", len(u.Users)+len(u.Removed), len(g.Groups))
				}
			})
		}
	}
}

func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d: %s\n want: %s", i, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(a), len(b))
}

func TestDeltaWithoutChanges(t *testing.T) {
	o := small(t)
	in := o.open(nil)
	m := newMirror(t, in)
	o.clock.jump(time.Hour)
	after := o.Log.Last()
	u, g := m.delta()
	if len(u.Users)+len(u.Removed)+len(g.Groups)+len(g.Removed) > 0 {
		t.Errorf("%d users, %d groups", len(u.Users), len(g.Groups))
	}
	if n := len(o.Log.Entries(reqlog.Filter{After: after})); n > 9 {
		t.Errorf("%d requests", n)
	}
}

func TestDeltaFindsLateEventsAndLateSearches(t *testing.T) {
	o := startOrg(t, sandbox.Options{Seed: 1, People: 60, WithoutOAuth: true, Lag: 50 * time.Second})
	m := newMirror(t, o.open(nil))
	before := o.clock.Now()
	o.clock.jump(time.Hour)
	id := o.id(ada)
	o.mutate(company.Mutation{Op: company.SetProfile, Person: ada, Field: "title", Value: "Countess"})
	o.clock.jump(40 * time.Second) // less than the lag
	if u, _ := m.delta(); userIn(u, id) != nil {
		t.Fatal("the search showed the change at once: the test shows nothing")
	}
	o.Okta.AddLateEvent(userDeleted, o.id(otto), before)
	o.clock.jump(time.Minute)
	u, _ := m.delta()
	if got := userIn(u, id); got == nil || got.Attributes.First("title") != "Countess" {
		t.Errorf("the late change: %+v", got)
	}
	if !slices.Equal(u.Removed, []string{o.id(otto)}) {
		t.Errorf("the late event: removed %v", u.Removed)
	}
}

// Who comes to an app by a group changes in nothing but that.
func TestDeltaOfAnAppsAssignments(t *testing.T) {
	o := small(t)
	in := o.open(map[string]any{"app_id": o.Okta.AppID()})
	m := newMirror(t, in)
	var assigned, stranger okta.User
	for _, u := range o.Okta.Users() {
		_, is := m.users[u.ID]
		switch {
		case u.Person.Status != company.Active:
		case is && slices.Contains(u.Groups, "jira-users"):
			assigned = u
		case !is && len(u.Groups) > 0:
			stranger = u
		}
	}
	o.clock.jump(time.Hour)
	o.mutate(company.Mutation{Op: company.MemberAdd, Person: stranger.Person.Login, Group: "jira-users"})
	for _, g := range assigned.Groups {
		o.mutate(company.Mutation{Op: company.MemberRemove, Person: assigned.Person.Login, Group: g})
	}
	m.delta()
	if _, is := m.users[stranger.ID]; !is {
		t.Errorf("%s was assigned", stranger.Person.Login)
	}
	if got, want := m.text(), newMirror(t, in).text(); got != want {
		t.Error(firstDifference(got, want))
	}
	o.clock.jump(time.Hour)
	o.mutate(company.Mutation{Op: company.GroupDelete, Group: "jira-users"})
	m.delta()
	if got, want := m.text(), newMirror(t, in).text(); got != want {
		t.Error(firstDifference(got, want))
	}
}

func TestToldByTheLog(t *testing.T) {
	for name, test := range map[string]struct{ event, gone, people, groups string }{
		"deleted":         {`{"eventType":"user.lifecycle.delete.completed","target":[{"id":"00u1","type":"User"}]}`, "00u1", "", ""},
		"failed":          {`{"eventType":"user.lifecycle.delete.completed","outcome":{"result":"FAILURE"},"target":[{"id":"00u1","type":"User"}]}`, "", "", ""},
		"odd id":          {`{"eventType":"user.lifecycle.delete.completed","target":[{"id":"../x","type":"User"},null]}`, "", "", ""},
		"group":           {`{"eventType":"group.lifecycle.delete","outcome":{"result":"SUCCESS"},"target":[{"id":"00g1","type":"UserGroup"}]}`, "00g1", "", ""},
		"to the app":      {`{"eventType":"application.user_membership.add","target":[{"id":"0ua1","type":"AppUser"},{"id":"0oa1","type":"AppInstance"},{"id":"00u1","type":"User"}]}`, "", "00u1", ""},
		"to another app":  {`{"eventType":"application.user_membership.add","target":[{"id":"0oa2","type":"AppInstance"},{"id":"00u1","type":"User"}]}`, "", "", ""},
		"group to app":    {`{"eventType":"group.application_assignment.add","target":[{"id":"00g1","type":"UserGroup"},{"id":"0oa1","type":"AppInstance"}]}`, "", "", "00g1"},
		"something else":  {`{"eventType":"user.session.start","target":[{"id":"00u1","type":"User"},{"id":"0oa1","type":"AppInstance"}]}`, "", "", ""},
		"without targets": {`{"eventType":"group.lifecycle.delete"}`, "", "", ""},
	} {
		var e event
		if err := json.Unmarshal([]byte(test.event), &e); err != nil {
			t.Fatal(err)
		}
		log := told{map[string]bool{}, map[string]bool{}, map[string]bool{}}
		log.take(&e, "0oa1")
		for _, part := range []struct {
			ids  map[string]bool
			want string
		}{{log.gone, test.gone}, {log.people, test.people}, {log.groups, test.groups}} {
			if got := strings.Join(sorted(part.ids), " "); got != part.want {
				t.Errorf("%s: %q, want %q", name, got, part.want)
			}
		}
	}
}

// Somebody made without being activated has groups already when they are.
func TestDeltaHasTheGroupsOfThoseLeftOutBefore(t *testing.T) {
	o := small(t)
	o.mutate(company.Mutation{Op: company.Create, Profile: &company.Person{Login: "new@harbour.example", Email: "new@harbour.example",
		FirstName: "New", LastName: "Comer", Status: company.Staged}},
		company.Mutation{Op: company.MemberAdd, Person: "new@harbour.example", Group: "engineering"})
	in := o.open(nil)
	m := newMirror(t, in)
	o.clock.jump(time.Hour)
	o.mutate(company.Mutation{Op: company.SetStatus, Person: "new@harbour.example", Value: string(company.Active)})
	m.delta()
	if id := o.id("new@harbour.example"); !slices.Contains(m.members[o.group("engineering")], id) {
		t.Error("the newcomer is in no group")
	}
	if got, want := m.text(), newMirror(t, in).text(); got != want {
		t.Error(firstDifference(got, want))
	}
}

func TestDeltaOfPeopleOutsideTheSettings(t *testing.T) {
	o := small(t)
	in := o.open(map[string]any{"include_deprovisioned": false})
	m := newMirror(t, in)
	o.clock.jump(time.Hour)
	o.mutate(company.Mutation{Op: company.SetStatus, Person: emil, Value: string(company.Deprovisioned)})
	id := o.id(emil)
	if u, _ := m.delta(); userIn(u, id) != nil || !slices.Contains(u.Removed, id) {
		t.Errorf("%v, removed %v", u.Users, u.Removed)
	}
	found, err := in.Lookup(t.Context(), sdk.LookupRequest{ID: id})
	if err != nil || found.User.Active {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestUselessCursorsAreReset(t *testing.T) {
	o := small(t)
	in := o.open(nil)
	good := completed(t, users(t, in, sdk.ReadRequest{})).Complete.Delta
	edit := func(f func(*cursor)) []byte {
		var c cursor
		if err := json.Unmarshal(good, &c); err != nil {
			t.Fatal(err)
		}
		f(&c)
		return c.bytes()
	}
	for name, test := range map[string]struct {
		in    *sdktest.Instance
		delta []byte
		says  string
	}{
		"nonsense":       {in, []byte("nonsense"), "another version"},
		"later version":  {in, edit(func(c *cursor) { c.Version = 9 }), "another version"},
		"too old":        {in, edit(func(c *cursor) { c.Since = c.Since.Add(-8 * 24 * time.Hour) }), "ago"},
		"in the future":  {in, edit(func(c *cursor) { c.Since = c.Since.Add(time.Hour) }), "future"},
		"without log":    {in, edit(func(c *cursor) { c.Log = "" }), "System Log"},
		"log too old":    {in, edit(func(c *cursor) { c.Log = pollFrom(c.Since.Add(-200*24*time.Hour), logged["users"]) }), "System Log"},
		"other settings": {o.open(map[string]any{"staged": "inactive"}), good, "settings"},
	} {
		r := users(t, test.in, sdk.ReadRequest{Delta: test.delta})
		if !strings.Contains(r.Reset, test.says) || r.Complete != nil || r.Failure != nil {
			t.Errorf("%s: reset %q, complete %v, failure %v", name, r.Reset, r.Complete, r.Failure)
		}
	}
	elsewhere := edit(func(c *cursor) { c.Log = "http://127.0.0.1:1/api/v1/logs" })
	if r := users(t, in, sdk.ReadRequest{Delta: elsewhere}); r.Failure == nil || !strings.Contains(r.Failure.Message, "not followed") {
		t.Errorf("%+v", r.Failure)
	}
}

// A delta read that sees nothing, because it may see nothing, must not move on.
func TestDeltaWithoutARole(t *testing.T) {
	o := small(t)
	m := newMirror(t, o.open(nil))
	o.clock.jump(time.Hour)
	o.mutate(company.Mutation{Op: company.MemberAdd, Person: emil, Group: "jira-users"})
	o.Okta.SetRole(okta.Limited)
	for _, r := range []*sdktest.Read{users(t, m.in, sdk.ReadRequest{Delta: m.ofUsers}), groups(t, m.in, sdk.ReadRequest{Delta: m.ofGr})} {
		if r.Complete != nil || r.Failure == nil || r.Failure.Reason != sdk.ReasonPermission {
			t.Errorf("complete %v, failure %v", r.Complete, r.Failure)
		}
	}
	o.Okta.SetRole(okta.SuperAdmin)
	o.fault(fault.Rule{Path: "/api/v1/**", Kind: fault.LostRole, Skip: 3}) // after probe, log and list
	if r := groups(t, m.in, sdk.ReadRequest{Delta: m.ofGr}); r.Complete != nil {
		t.Error("a role lost on the way was not noticed")
	}
}

func TestBrokenLogEndsADeltaRead(t *testing.T) {
	o := small(t)
	m := newMirror(t, o.open(nil))
	o.mutate(company.Mutation{Op: company.SetStatus, Person: otto, Value: string(company.Deprovisioned)},
		company.Mutation{Op: company.Delete, Person: otto})
	for _, rule := range []fault.Rule{{Kind: fault.Status, Status: 500}, {Kind: fault.HTML}, {Kind: fault.CutBody}, {Kind: fault.LostScope},
		{Kind: fault.RepeatCursor}} {
		rule.Path = logsPath
		id := o.fault(rule)
		if r := users(t, m.in, sdk.ReadRequest{Delta: m.ofUsers}); r.Complete != nil || r.Failure == nil {
			t.Errorf("%s: complete %v, failure %v", rule.Kind, r.Complete, r.Failure)
		}
		if o.Faults.Fired(id) == 0 {
			t.Errorf("%s did not fire", rule.Kind)
		}
		o.Faults.Clear()
	}
}
