package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	pb "syncgateway/proto/gateway/plugin/v1"
)

// world is what the fake holds after a seed.
type world struct {
	seeded *Company
	ids    map[string]string // the fake's ids, by those of the seed
	state  Company           // by the fake's ids
}

// id is the fake's id of somebody or something in the seed.
func (w *world) id(name string) string {
	if id, ok := w.ids[name]; ok {
		return id
	}
	return name
}

// user is the fake's record of somebody in the seed.
func (w *world) user(name string) *User { return w.state.user(w.id(name)) }

func (c *Company) user(id string) *User {
	i := slices.IndexFunc(c.Users, func(u User) bool { return u.ID == id })
	if i < 0 {
		return nil
	}
	return &c.Users[i]
}

func (c *Company) group(id string) *Group {
	i := slices.IndexFunc(c.Groups, func(g Group) bool { return g.ID == id })
	if i < 0 {
		return nil
	}
	return &c.Groups[i]
}

// seed makes the fake hold a company, unless it does so already.
func (b *bench) seed(ctx context.Context, c *Company) (*world, error) {
	if b.world != nil && b.world.seeded == c {
		return b.world, nil
	}
	b.world = nil
	ids, err := b.remote.Seed(ctx, *c)
	if err != nil {
		return nil, harness("seed", err)
	}
	w := &world{seeded: c, ids: ids}
	if w.state, err = b.remote.State(ctx); err != nil {
		return nil, harness("state", err)
	}
	for _, u := range c.Users {
		if w.user(u.ID) == nil {
			return nil, fmt.Errorf("the harness: State does not show %q, which was seeded (its id there is %q)", u.ID, w.id(u.ID))
		}
	}
	b.world = w
	return w, nil
}

// state asks the fake what it holds.
func (b *bench) state(ctx context.Context) (Company, error) {
	c, err := b.remote.State(ctx)
	return c, harness("state", err)
}

func harness(what string, err error) error {
	if _, skip := asSkip(err); err == nil || skip {
		return err
	}
	return fmt.Errorf("the harness, asked to %s: %w", what, err)
}

// agrees is an error unless a whole read shows exactly what the fake holds.
func (c *Company) agrees(r *reading) error {
	if err := r.whole(); err != nil {
		return err
	}
	var wrong []error
	if r.kind != readGroups {
		wrong = append(wrong, c.agreesOnUsers(r.users))
	}
	if r.kind != readUsers {
		wrong = append(wrong, c.agreesOnGroups(r.groups), c.agreesOnMembers(r))
	}
	return errors.Join(wrong...)
}

func (c *Company) agreesOnUsers(users []*pb.User) error {
	known := map[string]*User{}
	for i := range c.Users {
		known[c.Users[i].ID] = &c.Users[i]
	}
	read := map[string]int{}
	var wrong []error
	for _, u := range users {
		read[u.GetId()]++
		want := known[u.GetId()]
		if want == nil {
			wrong = append(wrong, fmt.Errorf("user %q (%q) is read, and the remote system has none of that id", u.GetId(), u.GetUsername()))
			continue
		}
		if text := differs(want, u); text != "" {
			wrong = append(wrong, fmt.Errorf("user %q: %s", u.GetId(), text))
		}
	}
	return errors.Join(append(wrong, counted("user", known, read))...)
}

// counted finds records that are missing, or read more than once.
func counted[T any](what string, known map[string]T, read map[string]int) error {
	var missing, twice []string
	for id := range known {
		switch n := read[id]; {
		case n == 0:
			missing = append(missing, id)
		case n > 1:
			twice = append(twice, id)
		}
	}
	var wrong []error
	if len(missing) > 0 {
		wrong = append(wrong, fmt.Errorf("%d of %d %ss are missing: %s", len(missing), len(known), what, some(missing)))
	}
	if len(twice) > 0 {
		wrong = append(wrong, fmt.Errorf("%d %ss are read more than once: %s", len(twice), what, some(twice)))
	}
	return errors.Join(wrong...)
}

// differs says in which fields a user is not as the remote system has it. A name that
// the remote system does not have may be made up of others.
func differs(want *User, got *pb.User) string {
	var out []string
	field := func(name, want, got string, strict bool) {
		if want != got && (strict || want != "") {
			out = append(out, fmt.Sprintf("%s is %.60q, not %.60q", name, got, want))
		}
	}
	field("username", want.Username, got.GetUsername(), false)
	field("e-mail", want.Email, got.GetEmail(), true)
	field("display name", want.DisplayName, got.GetDisplayName(), false)
	field("given name", want.GivenName, got.GetGivenName(), false)
	field("family name", want.FamilyName, got.GetFamilyName(), false)
	if want.Active != got.GetActive() {
		out = append(out, fmt.Sprintf("active is %v", got.GetActive()))
	}
	return strings.Join(out, ", ")
}

func (c *Company) agreesOnGroups(groups []*pb.Group) error {
	known, read := map[string]*Group{}, map[string]int{}
	for i := range c.Groups {
		known[c.Groups[i].ID] = &c.Groups[i]
	}
	var wrong []error
	for _, g := range groups {
		read[g.GetId()]++
		switch want := known[g.GetId()]; {
		case want == nil:
			wrong = append(wrong, fmt.Errorf("group %q (%q) is read, and the remote system has none of that id", g.GetId(), g.GetName()))
		case want.Name != g.GetName():
			wrong = append(wrong, fmt.Errorf("group %q is called %.60q, not %.60q", g.GetId(), g.GetName(), want.Name))
		}
	}
	return errors.Join(append(wrong, counted("group", known, read))...)
}

func (c *Company) agreesOnMembers(r *reading) error {
	var wrong []error
	for i := range c.Groups {
		g := &c.Groups[i]
		wrong = append(wrong, sameSet("members of group "+g.Name, g.Users, r.members[g.ID]),
			sameSet("groups in group "+g.Name, g.Groups, r.children[g.ID]))
	}
	return errors.Join(wrong...)
}

// sameSet compares ids without regard to order.
func sameSet(what string, want, got []string) error {
	in := func(list, other []string) []string {
		has := map[string]bool{}
		for _, id := range other {
			has[id] = true
		}
		var out []string
		for _, id := range list {
			if !has[id] {
				out = append(out, id)
			}
		}
		return out
	}
	missing, more := in(want, got), in(got, want)
	if len(missing)+len(more) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %d are missing (%s), %d should not be there (%s)", what, len(missing), some(missing), len(more), some(more))
}
