package sdk

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/hashicorp/go-hclog"

	"syncgateway/sdk/internal/wire"
	"syncgateway/sdk/record"
)

// The values of the directory calls; package record has their fields.
type (
	Entry               = record.Entry
	IndexKey            = record.IndexKey
	DirectoryCall       = record.DirectoryCall
	DirectoryReply      = record.DirectoryReply
	DirectoryQuery      = record.DirectoryQuery
	DirectoryMembers    = record.DirectoryMembers
	DirectoryMembership = record.DirectoryMembership
	Condition           = record.Condition
	Members             = record.Members
	MembershipChange    = record.MembershipChange
	MembersQuery        = record.MembersQuery
)

// Listener is a connector that is pushed to. Listen serves its protocol on l, which
// the gateway forwards publicURL to, and answers a client only after the directory
// has answered it. When ctx ends it finishes the requests that are open, for which
// the directory stays usable, and returns.
type Listener[C any] interface {
	Connector[C]
	Listen(ctx context.Context, d Directory, l net.Listener, publicURL string) error
}

// Directory is what the gateway keeps of what clients have pushed. What a call has
// answered is committed. Its methods may be used by any number of goroutines; the
// context given is that of the request served, not that of Listen.
type Directory struct{ host wire.Directory }

// ListenerPlugin makes a listener ready to be served.
func ListenerPlugin[C any](about About, l Listener[C]) (*Plugin, error) {
	p, i := newPlugin(about, record.RoleListener, l)
	p.Listener = &listenerRole{instance: i, listen: l.Listen}
	return p, nil
}

// ServeListener serves the listener until the gateway ends it, and does not return.
func ServeListener[C any](about About, l Listener[C]) { serve(ListenerPlugin(about, l)) }

type listenerRole struct {
	*instance
	listen func(context.Context, Directory, net.Listener, string) error
}

func (r *listenerRole) Listen(ctx context.Context, d wire.Directory, l net.Listener, publicURL string) error {
	if !r.ready.Load() {
		return wire.ErrUnconfigured
	}
	return r.listen(ctx, Directory{d}, l, publicURL)
}

// ServeHTTP serves the handler on l until ctx ends, and returns when the requests that
// were open then are answered. It is what most listeners do in Listen.
func ServeHTTP(ctx context.Context, l net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout,
		ErrorLog: logger.StandardLogger(&hclog.StandardLoggerOptions{InferLevels: true})}
	finished := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { finished <- server.Shutdown(context.WithoutCancel(ctx)) })
	err := server.Serve(l)
	if !stop() && errors.Is(err, http.ErrServerClosed) {
		return <-finished
	}
	return err
}

// headerTimeout is how long a client may take to send its headers.
const headerTimeout = 30 * time.Second

// Call makes one call of any sort. Put to Transaction are shorter ways to say the same.
func (d Directory) Call(ctx context.Context, c DirectoryCall) (DirectoryReply, error) {
	return d.host.Call(ctx, c)
}

// Put creates or replaces the entry with the id of its record, and returns it as it
// is kept. ifVersion, when not empty, refuses with ReasonConflict unless the entry is
// at that version.
func (d Directory) Put(ctx context.Context, e Entry, ifVersion string) (Entry, error) {
	kind := "user"
	if e.Group != nil {
		kind = "group"
	}
	return d.one(ctx, DirectoryCall{Kind: kind, Put: &e, IfVersion: ifVersion})
}

// Get returns the entry of kind "user" or "group" with that id, or ReasonNotFound.
func (d Directory) Get(ctx context.Context, kind, id string) (Entry, error) {
	return d.one(ctx, DirectoryCall{Kind: kind, Get: id})
}

// Query returns the entries that meet every condition, with their number altogether.
func (d Directory) Query(ctx context.Context, kind string, q DirectoryQuery) (DirectoryReply, error) {
	return d.host.Call(ctx, DirectoryCall{Kind: kind, Query: &q})
}

// Delete removes an entry, or answers ReasonNotFound.
func (d Directory) Delete(ctx context.Context, kind, id, ifVersion string) error {
	_, err := d.host.Call(ctx, DirectoryCall{Kind: kind, Delete: id, IfVersion: ifVersion})
	return err
}

// ChangeMembers adds and removes members of the group named in the change, and
// returns the group's entry as it then is.
func (d Directory) ChangeMembers(ctx context.Context, c MembershipChange, ifVersion string) (Entry, error) {
	return d.one(ctx, DirectoryCall{Kind: "group", ChangeMembers: &c, IfVersion: ifVersion})
}

// Members returns a page of a group's members.
func (d Directory) Members(ctx context.Context, q MembersQuery) (DirectoryReply, error) {
	return d.host.Call(ctx, DirectoryCall{Kind: "group", Members: &q})
}

// Transaction makes all the calls or none of them.
func (d Directory) Transaction(ctx context.Context, calls ...DirectoryCall) (DirectoryReply, error) {
	return d.host.Call(ctx, DirectoryCall{Transaction: calls})
}

// Hint tells the gateway that these changed and are worth a look soon.
func (d Directory) Hint(ctx context.Context, userIDs, groupIDs []string) error {
	return d.host.Hint(ctx, userIDs, groupIDs)
}

func (d Directory) one(ctx context.Context, c DirectoryCall) (Entry, error) {
	reply, err := d.host.Call(ctx, c)
	if err != nil || len(reply.Entries) == 0 {
		return Entry{}, err
	}
	return reply.Entries[0], nil
}
