package conformance

import (
	"context"
	"errors"
	"fmt"

	pb "syncgateway/proto/gateway/plugin/v1"
)

func recordChecks() []check {
	odd := func(id, title, look, who string) check {
		return check{id: "source." + id, role: roleSource, needs: needConfig | needRemote, title: title, look: look,
			run: func(ctx context.Context, b *bench) error { return b.keeps(ctx, who) }}
	}
	return []check{
		odd("inactive", "Who is deactivated is read as inactive, and not missing",
			"listings that leave deactivated people out by default: who is missing counts as gone", inactive),
		odd("unicode", "Names in any script arrive as they are", "the encoding of names, and whatever normalises or escapes them", unicodeUser),
		odd("case", "Upper and lower case are kept", "whatever folds names and addresses: comparing is the gateway's business", caseUser),
		odd("spaces", "Spaces and quotes are kept", "whatever trims or quotes names", spacesUser),
		odd("long", "Very long names arrive whole", "whatever cuts names", longUser),
		odd("no-email", "Who has no e-mail address is read without one", "people without an address: they are read all the same, and none is made up", mailless),
		{id: "source.big-group", role: roleSource, needs: needConfig | needRemote, title: "A group larger than a page has all its members",
			look: "the listing of members: it has pages like any other", run: bigGroup},
		{id: "source.nested-groups", role: roleSource, needs: needConfig | needRemote, title: "Groups in groups are read as such",
			look: "members that are groups: they belong into child_group_ids", run: nestedGroups},
		{id: "source.resume", role: roleSource, needs: needConfig | needRemote, title: "A read can be resumed from every checkpoint",
			look: "what a checkpoint stands for: all that was sent before it, and nothing after", run: resume},
		{id: "source.unusable-cursor", role: roleSource, needs: needConfig | needRemote, title: "A delta cursor that cannot be used is answered with Reset",
			look: "cursors of another version, of other settings, or made up: the gateway starts over in full after Reset", run: unusableCursor},
	}
}

// castRead is the cast, read whole.
func (b *bench) castRead(ctx context.Context) (*world, map[string]*pb.User, error) {
	w, err := b.seed(ctx, cast)
	if err != nil {
		return nil, nil, err
	}
	r, err := b.again(ctx, readUsers, request{})
	if err == nil {
		err = r.whole()
	}
	users := map[string]*pb.User{}
	if err == nil {
		for _, u := range r.users {
			users[u.GetId()] = u
		}
	}
	return w, users, err
}

// keeps is an error unless one of the cast is read as the fake has them.
func (b *bench) keeps(ctx context.Context, who string) error {
	w, users, err := b.castRead(ctx)
	if err != nil {
		return err
	}
	want, got := w.user(who), users[w.id(who)]
	if got == nil {
		return fmt.Errorf("user %q is missing from a read that says it is complete", want.Username)
	}
	if text := differs(want, got); text != "" {
		return fmt.Errorf("user %q: %s", want.Username, text)
	}
	return nil
}

func bigGroup(ctx context.Context, b *bench) error {
	w, err := b.seed(ctx, assembly(2*b.page()+1))
	if err != nil {
		return err
	}
	r, err := b.again(ctx, readGroups, request{})
	if err == nil {
		err = r.whole()
	}
	if err != nil {
		return err
	}
	for i := range w.state.Groups {
		g := &w.state.Groups[i]
		if len(g.Users) > b.page() {
			b.sawf("%d members", len(g.Users))
			return sameSet(fmt.Sprintf("%d members of group %q", len(g.Users), g.Name), g.Users, r.members[g.ID])
		}
	}
	return fmt.Errorf("the harness: no group has more than %d members, although one was seeded", b.page())
}

// nest is groups in groups, one of them in two.
var nest = &Company{
	Users: []User{person(1), person(2)},
	Groups: []Group{
		{ID: "inner", Name: "kit-inner", Users: []string{"user0002"}},
		{ID: "outer", Name: "kit-outer", Users: []string{"user0001"}, Groups: []string{"inner", "leaf"}},
		{ID: "leaf", Name: "kit-leaf"},
		{ID: "other", Name: "kit-other", Groups: []string{"inner"}},
	},
}

func nestedGroups(ctx context.Context, b *bench) error {
	w, err := b.seed(ctx, nest)
	if err != nil {
		return err
	}
	r, err := b.again(ctx, readGroups, request{})
	if err != nil {
		return err
	}
	return w.state.agrees(r)
}

func resume(ctx context.Context, b *bench) error {
	w, err := b.seed(ctx, b.many())
	if err != nil {
		return err
	}
	tried := 0
	for _, k := range kindsOf(roleSource) {
		r, err := b.again(ctx, k, request{})
		if err == nil {
			err = w.state.agrees(r)
		}
		if err != nil {
			return err
		}
		for i, c := range r.checkpoints {
			if err := b.resumed(ctx, w, r, c); err != nil {
				return fmt.Errorf("checkpoint %d of the read of %s: %w", i+1, k, err)
			}
			tried++
		}
	}
	if tried == 0 {
		return Skip("the connector sends no checkpoints")
	}
	b.sawf("%d checkpoints", tried)
	return nil
}

// resumed is an error unless what had been sent by a checkpoint and what a read from
// there on sends are everything.
func (b *bench) resumed(ctx context.Context, w *world, r *reading, c checkpoint) error {
	rest, err := b.again(ctx, r.kind, request{cursor: &pb.Cursor{Resume: c.resume}})
	if err == nil {
		err = rest.whole()
	}
	if err != nil {
		return err
	}
	rest.users = distinct(append(rest.users, r.users[:c.users]...), (*pb.User).GetId)
	rest.groups = distinct(append(rest.groups, r.groups[:c.groups]...), (*pb.Group).GetId)
	for id, n := range c.members {
		rest.members[id] = append(rest.members[id], r.members[id][:n]...)
	}
	return w.state.agrees(rest)
}

// distinct leaves out records that come again: after a checkpoint they may.
func distinct[T any](list []T, id func(T) string) []T {
	seen := map[string]bool{}
	var out []T
	for _, x := range list {
		if !seen[id(x)] {
			seen[id(x)] = true
			out = append(out, x)
		}
	}
	return out
}

func unusableCursor(ctx context.Context, b *bench) error {
	if _, err := b.seed(ctx, cast); err != nil {
		return err
	}
	var wrong []error
	for _, k := range kindsOf(roleSource) {
		r, err := b.again(ctx, k, request{cursor: &pb.Cursor{Delta: []byte("\x00made up by the kit")}})
		if err != nil {
			return err
		}
		switch {
		case r.reset != nil && r.status == nil:
		case r.complete != nil:
			wrong = append(wrong, fmt.Errorf("the read of %s from a made-up cursor is said to be complete, with %d records", k, r.complete.GetCount()))
		case r.failure != nil:
			wrong = append(wrong, fmt.Errorf("the read of %s from a made-up cursor fails (%s), and would do so at every run", k, r.failure.GetMessage()))
		default:
			wrong = append(wrong, fmt.Errorf("the read of %s from a made-up cursor ended in %v, not in Reset", k, r.status))
		}
	}
	return errors.Join(wrong...)
}
