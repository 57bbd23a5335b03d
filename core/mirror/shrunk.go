package mirror

import (
	"context"
	"fmt"

	"syncgateway/core/idset"
	"syncgateway/core/store"
)

// Shrunk says, before Finish, by how much a read makes its endpoint smaller: a sentence
// when users, groups or memberships become fewer by more than percent and by more than
// floor, else "". Of a full read it compares what was shown with what the last believed
// one left; of a delta read it counts what is taken away.
func (r *Reading) Shrunk(ctx context.Context, percent float64, floor int) (text string, err error) {
	if err := r.resolveLate(); err != nil {
		return "", err
	}
	err = r.st.View(ctx, func(v store.Reader) error {
		was, err := v.Population(r.ep)
		if err != nil {
			return err
		}
		if r.scope == Delta {
			text, err = r.takesAway(v, was, percent, floor)
			return err
		}
		text, err = r.compared(was, percent, floor)
		return err
	})
	return text, err
}

// smaller reports whether losing so many of what was there is implausible.
func smaller(lost, was int, percent float64, floor int) bool {
	return lost > floor && float64(lost)*100 > percent*float64(was)
}

// compared compares the sizes of a full read.
func (r *Reading) compared(was store.Population, percent float64, floor int) (string, error) {
	memberships := 0
	for _, c := range r.sets {
		n, err := c.users.count()
		if err != nil {
			return "", err
		}
		memberships += n
	}
	here := func(e *entry) bool { return e.known && !e.gone() }
	// What was applied since the last read counts too: the mirror knows it.
	was.Users, was.Groups = r.users.count(here), r.groups.count(here)
	for _, x := range []struct {
		what    string
		was, is int
	}{
		{"users", was.Users, r.stats.Users}, {"groups", was.Groups, r.stats.Groups}, {"memberships", was.Memberships, memberships},
	} {
		if lost := x.was - x.is; lost > 0 && (x.is == 0 || smaller(lost, x.was, percent, floor)) {
			return fmt.Sprintf("it shows %d %s, %d fewer than the %d of the last complete read", x.is, x.what, lost, x.was), nil
		}
	}
	return "", nil
}

// takesAway counts what a delta read ends.
func (r *Reading) takesAway(v store.Reader, was store.Population, percent float64, floor int) (string, error) {
	removed := func(e *entry) bool { return e.known && e.removed && e.gone() }
	memberships, err := r.membershipsLost(v)
	if err != nil {
		return "", err
	}
	for _, x := range []struct {
		what      string
		was, lost int
	}{
		{"users", was.Users, r.users.count(removed)}, {"groups", was.Groups, r.groups.count(removed)}, {"memberships", was.Memberships, memberships},
	} {
		if smaller(x.lost, x.was, percent, floor) {
			return fmt.Sprintf("its changes take away %d of %d %s at once", x.lost, x.was, x.what), nil
		}
	}
	return "", nil
}

// membershipsLost counts the memberships that a delta read ends, of the groups it names.
func (r *Reading) membershipsLost(v store.Reader) (int, error) {
	ended := heads(r.groups.heads(r.groups.pick(func(e *entry) bool { return e.removed && e.gone() })))
	ns := []store.ID(ended)
	for g, c := range r.sets {
		if c.replace || len(c.lessUsers) > 0 {
			ns = append(ns, g)
		}
	}
	lost := 0
	sets, err := v.GroupSets(idset.Of(ns))
	for _, s := range sets {
		c := r.sets[s.N]
		if c == nil || ended.Has(s.N) {
			lost += len(s.Users)
			continue
		}
		is, err := r.nextSet(c, s, true)
		if err != nil {
			return lost, err
		}
		s.Users.Diff(is.Users, func(store.ID) {}, func(store.ID) { lost++ })
	}
	return lost, err
}
