package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"syncgateway/core/config"
	"syncgateway/core/identity"
	"syncgateway/core/mirror"
	"syncgateway/core/pluginhost"
)

// vanishedAtOnce is how many records are asked about in one call.
const vanishedAtOnce = 100

// recheckTarget asks the target directly for what its listing no longer had: accounts,
// groups, and memberships that the gateway made. One that is there after all is enough:
// the listing was not whole, and whatever else it lacked would be made a second time.
func (r *reader) recheckTarget(ctx context.Context) error {
	v, err := r.out.Vanished(ctx, true)
	if err != nil {
		return err
	}
	var members []string
	for _, m := range v.Members {
		members = append(members, m.Member)
	}
	slices.Sort(members)
	for _, some := range slices.Collect(slices.Chunk(slices.Concat(v.Users, slices.Compact(members)), vanishedAtOnce)) {
		if err := r.missed(ctx, pluginhost.StateOptions{UserIDs: some}, &v); err != nil || r.read.Doubt != "" {
			return err
		}
	}
	for _, some := range slices.Collect(slices.Chunk(v.Groups, vanishedAtOnce)) {
		if err := r.missed(ctx, pluginhost.StateOptions{GroupIDs: some}, &v); err != nil || r.read.Doubt != "" {
			return err
		}
	}
	return nil
}

func (r *reader) missed(ctx context.Context, ask pluginhost.StateOptions, v *mirror.Vanished) error {
	seen := &sighted{}
	end, err := r.conn.ReadState(ctx, ask, seen)
	switch {
	case err != nil:
		return err
	case end.Complete:
	case end.Failure != nil:
		r.doubt(fmt.Sprintf("asked for what its listing no longer had, %s gave no answer: %s", r.ref, end.Failure.Message))
	default:
		r.doubt(fmt.Sprintf("asked for what its listing no longer had, %s gave no whole answer", r.ref))
	}
	for _, x := range seen.records {
		if slices.Contains(v.Users, x.id) && slices.Contains(ask.UserIDs, x.id) || slices.Contains(ask.GroupIDs, x.id) {
			r.doubt(fmt.Sprintf("its listing left out %q, which is there when it is asked for", x.name))
		}
	}
	for _, m := range seen.members {
		if slices.Contains(v.Members, m) && slices.Contains(ask.UserIDs, m.Member) {
			r.doubt(fmt.Sprintf("its listing left %q out of the group %q, and asked directly it has them in it", m.Member, m.Group))
		}
	}
	return nil
}

// sighted takes down what a targeted read showed.
type sighted struct {
	records []struct{ id, name string }
	members []mirror.Pair
}

// State implements pluginhost.StateSink.
func (s *sighted) State(_ context.Context, page pluginhost.StatePage) error {
	for i := range page.Users {
		u, err := page.Users[i].User()
		if err != nil {
			return err
		}
		account := targetAccount{user: u}
		s.records = append(s.records, struct{ id, name string }{u.ID, account.label()})
	}
	for i := range page.Groups {
		g, err := page.Groups[i].Group()
		if err != nil {
			return err
		}
		s.records = append(s.records, struct{ id, name string }{g.ID, identity.Visible(g.Name, 120)})
	}
	for _, m := range page.Members {
		for _, u := range m.UserIDs.Strings() {
			s.members = append(s.members, mirror.Pair{Group: m.GroupID, Member: u})
		}
	}
	return nil
}

// Notice implements pluginhost.StateSink.
func (s *sighted) Notice(pluginhost.Notice) {}

// Waiting implements pluginhost.StateSink.
func (s *sighted) Waiting(pluginhost.Waiting) {}

// recheckSource asks a source directly about groups that its listing no longer has, and
// about groups that it no longer has in another group: whoever is in one would lose what
// it gives, and no question about a person tells of a group in a group. Only "not found"
// counts. A source that cannot say has one witness only.
func (r *reader) recheckSource(ctx context.Context) error {
	if !r.conn.Description().Capabilities.Lookup || !readsGroups(r.conn) {
		return nil
	}
	v, err := r.out.Vanished(ctx, false)
	if err != nil {
		return err
	}
	for _, id := range v.Groups {
		found, there, err := r.askGroup(ctx, id)
		if there && r.read.Doubt == "" {
			r.doubt(fmt.Sprintf("its listing left out the group %q, which is there when it is asked for", identity.Visible(found.Groups[0].Name, 120)))
		}
		if err != nil || r.read.Doubt != "" {
			return err
		}
	}
	if err := r.recheckNames(ctx, v.Renamed); err != nil || r.read.Doubt != "" {
		return err
	}
	asked, found := "", pluginhost.Found{}
	for _, link := range v.Children {
		if link.Group != asked {
			if found, _, err = r.askGroup(ctx, link.Group); err != nil || r.read.Doubt != "" {
				return err
			}
			asked = link.Group
		}
		if found.Nested && slices.Contains(found.Children, link.Member) {
			r.doubt(fmt.Sprintf("its listing left group %q out of group %q, and asked directly it has it in it", link.Member, link.Group))
			return nil
		}
	}
	return nil
}

// recheckNames asks about groups that came under another name: a replica that is behind
// shows the name of old, and whoever is in the group would be moved back.
func (r *reader) recheckNames(ctx context.Context, renamed []mirror.Pair) error {
	for _, x := range renamed {
		found, there, err := r.askGroup(ctx, x.Group)
		if err != nil {
			return err
		}
		if there && identity.Fold(found.Groups[0].Name) != x.Member {
			r.out.Correct(found.Groups[0])
			r.doubt(fmt.Sprintf("its listing calls a group %q, which is %q when it is asked for", identity.Visible(x.Member, 120), identity.Visible(found.Groups[0].Name, 120)))
		}
	}
	return nil
}

// askGroup asks a source for one group. Without an answer the read is doubted.
func (r *reader) askGroup(ctx context.Context, id string) (found pluginhost.Found, there bool, err error) {
	if r.asks == 0 {
		r.doubt(fmt.Sprintf("more groups are gone, or otherwise, than it may be asked about in one run (limits.max_lookups); if it is true, run again with -believe %s", r.ref))
		return found, false, nil
	}
	if r.asks != config.Unlimited {
		r.asks--
	}
	found, err = r.conn.Lookup(ctx, pluginhost.LookupBy{GroupID: id})
	var refused *pluginhost.Failure
	switch {
	case err == nil:
		return found, true, nil
	case pluginhost.NotFound(err), errors.As(err, &refused) && refused.Reason == pluginhost.ReasonUnsupported:
		return pluginhost.Found{}, false, nil
	case errors.As(err, &refused):
		r.doubt(fmt.Sprintf("asked about group %q, which its listing lacks or shows otherwise, %s gave no answer: %v", identity.Visible(id, 120), r.ref, err))
		return found, false, nil
	}
	return found, false, err
}
