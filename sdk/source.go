package sdk

import (
	"context"
	"fmt"

	"syncgateway/sdk/internal/progress"
	"syncgateway/sdk/internal/wire"
	"syncgateway/sdk/record"
)

// Source is a connector that is asked for its people and groups. It implements
// UserReader or UserStreamer, and where the system has groups GroupReader (perhaps
// with MemberReader) or GroupStreamer; Looker where one record can be asked for.
type Source[C any] interface{ Connector[C] }

// UserReader lists users page by page. It is the simple form: full reads only.
type UserReader interface {
	ReadUsers(ctx context.Context, p PageRequest) (Page[User], error)
}

// GroupReader lists groups page by page, with their members in UserIDs and ChildIDs
// unless the connector is a MemberReader.
type GroupReader interface {
	ReadGroups(ctx context.Context, p PageRequest) (Page[Group], error)
}

// MemberReader lists the ids of a group's direct user members page by page. It is
// asked for every group, one after the other.
type MemberReader interface {
	ReadMembers(ctx context.Context, groupID string, p PageRequest) (Page[string], error)
}

// UserStreamer reads users in its own way, with delta and resume cursors where it
// can. A request whose Delta or Resume it cannot use is answered with Reset. The
// read is whole only when the writer's Complete was called and nil is returned.
type UserStreamer interface {
	StreamUsers(ctx context.Context, req ReadRequest, w *UserWriter) error
}

// GroupStreamer reads groups and memberships as UserStreamer reads users.
type GroupStreamer interface {
	StreamGroups(ctx context.Context, req ReadRequest, w *GroupWriter) error
}

// Looker finds one record. NotFound must mean that the system answered and has no
// such record.
type Looker interface {
	Lookup(ctx context.Context, req LookupRequest) (Found, error)
}

// PageRequest asks for one page. Cursor is empty for the first page, then the Next of
// the page before. Size is how many records are wanted at most: at least 1, usually
// 500, and the same for all pages of a read; a system that allows less is asked for
// less. Attributes are the ones the mapping uses, empty means all.
type PageRequest struct {
	Cursor     string
	Size       int
	Attributes []string
}

// Page is one page of records. Next is the cursor of the next page, empty on the last
// one: any text by which the connector finds that page again, such as its number. Total
// is how many records the system says it has altogether, if it does; when fewer came,
// the gateway takes nothing from anybody on the word of the read.
type Page[T any] struct {
	Items []T
	Next  string
	Total *uint64
}

// SourcePlugin makes a source ready to be served.
func SourcePlugin[C any](about About, s Source[C]) (*Plugin, error) {
	err := fits(s, method[UserReader]("ReadUsers"), method[UserStreamer]("StreamUsers"), method[GroupReader]("ReadGroups"),
		method[GroupStreamer]("StreamGroups"), method[MemberReader]("ReadMembers"), method[Looker]("Lookup"))
	if err != nil {
		return nil, err
	}
	if !is[UserReader](s) && !is[UserStreamer](s) {
		return nil, fmt.Errorf("the source needs a method ReadUsers or StreamUsers")
	}
	about.Capabilities.Lookup = is[Looker](s)
	p, i := newPlugin(about, record.RoleSource, s)
	p.Source = &sourceRole{instance: i, impl: s, delta: about.Capabilities.Delta}
	return p, nil
}

// ServeSource serves the source until the gateway ends it, and does not return.
func ServeSource[C any](about About, s Source[C]) { serve(SourcePlugin(about, s)) }

type sourceRole struct {
	*instance
	impl  any
	delta bool
}

func (r *sourceRole) ReadUsers(ctx context.Context, req ReadRequest, sink wire.UserSink) error {
	if !r.ready.Load() {
		return wire.ErrUnconfigured
	}
	w := newUserWriter(sink, req)
	ctx = progress.With(ctx, w.Waiting)
	streamer, streams := r.impl.(UserStreamer)
	switch {
	case len(req.Delta) > 0 && (!r.delta || !streams):
		return w.finish(w.Reset("the connector does not read changes alone"))
	case streams:
		return w.finish(streamer.StreamUsers(ctx, req, w))
	}
	read := r.impl.(UserReader)
	total, err := pages(ctx, req, read.ReadUsers, func(users []User) error { return w.Add(users...) })
	if err == nil {
		err = w.Complete(nil, total)
	}
	return w.finish(err)
}

func (r *sourceRole) ReadGroups(ctx context.Context, req ReadRequest, sink wire.GroupSink) error {
	if !r.ready.Load() {
		return wire.ErrUnconfigured
	}
	w := newGroupWriter(sink, req)
	ctx = progress.With(ctx, w.Waiting)
	streamer, streams := r.impl.(GroupStreamer)
	read, reads := r.impl.(GroupReader)
	switch {
	case len(req.Delta) > 0 && (!r.delta || !streams):
		return w.finish(w.Reset("the connector does not read changes alone"))
	case streams:
		return w.finish(streamer.StreamGroups(ctx, req, w))
	case !reads:
		return w.finish(Unsupported("the connector does not read groups"))
	}
	total, err := pages(ctx, req, read.ReadGroups, func(groups []Group) error { return r.addGroups(ctx, req, groups, w) })
	if err == nil {
		err = w.Complete(nil, total)
	}
	return w.finish(err)
}

func (r *sourceRole) addGroups(ctx context.Context, req ReadRequest, groups []Group, w *GroupWriter) error {
	if err := w.Add(groups...); err != nil {
		return err
	}
	members, ok := r.impl.(MemberReader)
	if !ok {
		return nil
	}
	for _, g := range groups {
		read := func(ctx context.Context, p PageRequest) (Page[string], error) {
			return members.ReadMembers(ctx, g.ID, p)
		}
		add := func(ids []string) error { return w.AddMembers(g.ID, ids...) }
		if _, err := pages(ctx, req, read, add); err != nil {
			return fmt.Errorf("members of group %q: %w", g.Name, err)
		}
	}
	return nil
}

func (r *sourceRole) Lookup(ctx context.Context, req LookupRequest) (Found, error) {
	if !r.ready.Load() {
		return Found{}, wire.ErrUnconfigured
	}
	looker, ok := r.impl.(Looker)
	if !ok {
		return Found{}, Unsupported("the connector cannot look up one record")
	}
	found, err := looker.Lookup(ctx, req)
	if err == nil {
		err = answers(found, req)
	}
	if err != nil {
		return Found{}, err
	}
	return found, nil
}

// answers is an error unless what was found is what was asked for: an answer that the
// connector could not read is often a record without an id.
func answers(found Found, req LookupRequest) error {
	id := ""
	switch {
	case req.GroupID != "" && len(found.Groups) > 0:
		id = found.Groups[0].ID
	case req.GroupID == "" && found.User != nil:
		id = found.User.ID
	}
	switch asked := req.ID + req.GroupID; {
	case id == "":
		return Unavailable("the lookup found a record without an id")
	case asked != "" && asked != id:
		return Unavailable("the lookup of %q found %q", asked, id)
	}
	return nil
}

// pages follows the cursors of a listing to its end. A cursor that comes a second
// time would go round for ever, and is a failure.
func pages[T any](ctx context.Context, req ReadRequest, read func(context.Context, PageRequest) (Page[T], error),
	take func([]T) error) (*uint64, error) {
	size := req.PageSize
	if size <= 0 || size > pageRecords {
		size = pageRecords
	}
	var total *uint64
	seen := map[string]bool{}
	for p := (PageRequest{Size: size, Attributes: req.Attributes}); ; {
		page, err := read(ctx, p)
		if err != nil {
			return nil, err
		}
		if err := take(page.Items); err != nil {
			return nil, err
		}
		if page.Total != nil {
			total = page.Total
		}
		if page.Next == "" {
			return total, ctx.Err()
		}
		if seen[page.Next] {
			return nil, Unavailable("the system repeated a page cursor after %d pages, so that the listing would never end", len(seen)+1)
		}
		seen[page.Next], p.Cursor = true, page.Next
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}
