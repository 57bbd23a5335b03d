package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"syncgateway/core/identity"
	"syncgateway/core/pluginhost"
	"syncgateway/core/schema"
)

// tracker is a source that also tells what changed: what the test says.
type tracker struct {
	*system
	users  pluginhost.UserPage
	groups pluginhost.GroupPage
	full   int // whole reads
}

// Description implements Connector.
func (s *tracker) Description() *schema.Plugin {
	d := *s.system.Description()
	d.Capabilities.Delta = true
	return &d
}

// ReadUsers implements Connector.
func (s *tracker) ReadUsers(ctx context.Context, o pluginhost.ReadOptions, sink pluginhost.UserSink) (pluginhost.End, error) {
	if len(o.Delta) > 0 {
		return pluginhost.End{Complete: true, Delta: []byte("u")}, sink.Users(ctx, s.users)
	}
	s.full++
	end, err := s.system.ReadUsers(ctx, o, sink)
	end.Delta = []byte("u")
	return end, err
}

// ReadGroups implements Connector.
func (s *tracker) ReadGroups(ctx context.Context, o pluginhost.ReadOptions, sink pluginhost.GroupSink) (pluginhost.End, error) {
	if len(o.Delta) > 0 {
		return pluginhost.End{Complete: true, Delta: []byte("g")}, sink.Groups(ctx, s.groups)
	}
	end, err := s.system.ReadGroups(ctx, o, sink)
	end.Delta = []byte("g")
	return end, err
}

type mixed map[string]Connector

// Get implements Connectors.
func (m mixed) Get(_ context.Context, ref string) (Connector, error) { return m[ref], nil }

// A delta read that ends what is there after all, or ends too much, takes nothing away,
// and everything is read the next time.
func TestDeltaReadsThatAreWrong(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*tracker)
		want  string
	}{
		"a group": {func(s *tracker) { s.groups.Removed = []string{"g2"} }, "left out the group"},
		"a group in a group": {func(s *tracker) {
			s.groups.RemovedMembers = []identity.Members{{GroupID: "g3", ChildIDs: []string{"g2"}}}
		}, "out of group"},
		"half of the company": {func(s *tracker) {
			for i := range 20 {
				s.users.Removed = append(s.users.Removed, fmt.Sprintf("s%d", i))
			}
		}, "take away 20 of 40 users at once"},
		"a whole membership list": {func(s *tracker) { s.groups.Replaced = []string{"g1"} }, "take away 40 of"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, t.TempDir(), "  groups { keep_existing = false }\n"+strings.Replace(generous, "max_shrink     = 100", "max_shrink = 20", 1))
			defer b.close()
			b.company(40)
			b.hr.group("g3", "everyone-and-more")
			b.hr.children["g3"] = []string{"g2"}
			s := &tracker{system: b.hr}
			b.e.Connectors = mixed{refs: s, "target.fake.app": b.app}
			b.run(Options{Apply: true})
			writes, whole := b.app.writes, s.full
			c.spoil(s)
			r := b.run(Options{Apply: true})
			if len(r.Doubts()) != 1 || !strings.Contains(r.Doubts()[0], c.want) || r.Plan.Steps.Len() != 0 || s.full != whole {
				t.Errorf("%v: %s", r.Doubts(), text(r.Plan))
			}
			s.users, s.groups = pluginhost.UserPage{}, pluginhost.GroupPage{}
			if r := b.run(Options{Apply: true}); len(r.Doubts()) != 0 || r.Plan.Steps.Len() != 0 || s.full == whole || b.app.writes != writes {
				t.Errorf("the next run: %v: %s, %d writes", r.Doubts(), text(r.Plan), b.app.writes-writes)
			}
		})
	}
}

// More groups that are gone than may be asked about are not taken for gone.
func TestGroupsThatCannotAllBeAskedAbout(t *testing.T) {
	b := newBench(t, t.TempDir(), "  groups {}\n"+strings.Replace(generous, "limits {", "limits {\n max_lookups = 3", 1))
	defer b.close()
	b.company(20)
	for i := range 5 {
		id := fmt.Sprintf("x%d", i)
		b.hr.group(id, "extra-"+id)
		b.hr.members[id]["s1"] = true
	}
	b.run(Options{Apply: true})
	b.run(Options{Apply: true}) // somebody is in more groups than fit into a batch
	for i := range 5 {
		id := fmt.Sprintf("x%d", i)
		delete(b.hr.groups, id)
		delete(b.hr.members, id)
	}
	before := b.hr.lookups
	r := b.run(Options{Apply: true})
	if len(r.Doubts()) != 1 || !strings.Contains(r.Doubts()[0], "limits.max_lookups") || r.Plan.Steps.Len() != 0 || b.hr.lookups-before > 3 {
		t.Errorf("%v: %s", r.Doubts(), text(r.Plan))
	}
	if r := b.run(Options{Apply: true, Believe: []string{refs}}); len(r.Doubts()) != 0 || r.Plan.Empty() {
		t.Errorf("believed: %v: %s", r.Doubts(), text(r.Plan))
	}
}
