package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"syncgateway/core/config"
	"syncgateway/core/diag"
	"syncgateway/core/identity"
	"syncgateway/core/mirror"
	"syncgateway/core/pluginhost"
	"syncgateway/core/schema"
	"syncgateway/core/store"
)

// Read says how one read of a source or target went.
type Read struct {
	Endpoint    string        `json:"endpoint"`
	Mode        string        `json:"mode"` // "full", "delta", "user"
	Users       int           `json:"users"`
	Groups      int           `json:"groups"`
	Memberships int           `json:"memberships"`
	Changed     int           `json:"changed"`
	Gone        int           `json:"gone"`
	Took        time.Duration `json:"took"`
	// Doubt says why nothing may be taken away on the word of this read, in a
	// sentence; empty when it was complete and plausible.
	Doubt   string   `json:"doubt,omitempty"`
	Notices []string `json:"notices,omitempty"`
}

// The modes of a read and a run.
const (
	ModeFull  = "full"
	ModeDelta = "delta"
	ModeUser  = "user"
	ModePlan  = "plan" // a plan file: its steps and no others
	ModeUndo  = "undo" // the inverse of an earlier run
)

// maxNotices bounds what a talkative connector can put into a report.
const maxNotices = 20

// shrinkFloor is how many records a read may lose whatever the percentage: in a
// company of twelve, three who leave are a quarter.
const shrinkFloor = 5

// reader reads one endpoint into its mirror.
type reader struct {
	e     *Engine
	ref   string
	conn  Connector
	syncs []store.SyncID
	read  *Read
	out   *mirror.Reading
	asks  int // how many groups may still be asked about; Unlimited: no bound
	told  *teller
	was   store.Population // at the last full read; nothing in a delta read

	members int // that arrived
}

// source reads a source: its changes where mode is delta and the connector can, else
// everything. A read that ends early, or is not believed, is reported in Read.Doubt;
// the error is for what is the gateway's or the plugin's own fault.
func (e *Engine) readSource(ctx context.Context, c *config.Connector, syncs []store.SyncID, mode string, o Options, limits *config.Limits) (Read, error) {
	conn, err := e.Connectors.Get(ctx, c.Ref())
	if err != nil {
		return Read{}, err
	}
	cursor, err := e.cursor(ctx, c.Ref())
	if err != nil {
		return Read{}, err
	}
	// Half a cursor is none: the other half of the read would be taken for changes.
	whole := len(cursor.Users) > 0 && (len(cursor.Groups) > 0 || !readsGroups(conn))
	delta := mode == ModeDelta && conn.Description().Capabilities.Delta && whole
	if delta {
		read, reset, err := e.readOnce(ctx, c, conn, syncs, &cursor, o, limits)
		if err != nil || reset == "" {
			return read, err
		}
		e.Log.Info("the source wants a full read", "source", c.Ref(), "reason", reset)
	}
	read, _, err := e.readOnce(ctx, c, conn, syncs, nil, o, limits)
	return read, err
}

func (e *Engine) cursor(ctx context.Context, ref string) (cur store.Cursor, err error) {
	err = e.Store.View(ctx, func(v store.Reader) error {
		eps, err := v.Endpoints()
		if err != nil {
			return err
		}
		cur, err = v.Cursor(eps[ref])
		return err
	})
	return cur, err
}

// readOnce reads with a delta cursor, or in full when since is nil. reset is not empty
// when the connector refused the cursor.
func (e *Engine) readOnce(ctx context.Context, c *config.Connector, conn Connector, syncs []store.SyncID, since *store.Cursor, o Options, limits *config.Limits) (Read, string, error) {
	began := e.Now()
	if c.Host.ReadTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Host.ReadTimeout)
		defer cancel()
	}
	r := &reader{e: e, ref: c.Ref(), conn: conn, syncs: syncs, read: &Read{Endpoint: c.Ref(), Mode: ModeFull}, told: o.told}
	users, groups := pluginhost.ReadOptions{PageSize: c.Host.PageSize}, pluginhost.ReadOptions{PageSize: c.Host.PageSize}
	scope := mirror.Full
	if since != nil {
		scope, r.read.Mode = mirror.Delta, ModeDelta
		users.Delta, groups.Delta = since.Users, since.Groups
	} else {
		r.was = e.population(ctx, c.Ref())
	}
	var err error
	if r.out, err = mirror.Begin(ctx, e.Store, r.ref, scope, syncs); err != nil {
		return *r.read, "", err
	}
	defer r.out.Settle() // what breaks off has said why
	next := store.Cursor{At: began, FullAt: began}
	if since != nil {
		next.FullAt = since.FullAt
	}
	reset, err := r.stream(ctx, users, groups, &next)
	if err != nil || reset != "" {
		return *r.read, reset, err
	}
	whole := r.read.Doubt == ""
	if err := r.believe(ctx, o, limits); err != nil {
		return *r.read, "", err
	}
	if r.read.Doubt == "" {
		if r.asks = limits.MaxLookups; o.believes(r.ref) {
			r.asks = config.Unlimited
		}
		r.told.say(Progress{Stage: StageDoubt, Of: r.ref})
		if err := r.recheckSource(ctx); err != nil {
			return *r.read, "", err
		}
	}
	if err := r.finish(ctx, began, &next); err != nil || scope == mirror.Full || !whole || r.read.Doubt == "" {
		return *r.read, "", err
	}
	return *r.read, "", e.distrust(ctx, map[string]bool{c.Ref(): true}) // the next read is of everything
}

// stream runs both reads of a source. What the remote system refused becomes a doubt.
func (r *reader) stream(ctx context.Context, users, groups pluginhost.ReadOptions, next *store.Cursor) (string, error) {
	end, err := r.conn.ReadUsers(ctx, users, userSink{r})
	if err != nil || end.Reset != "" {
		return end.Reset, err
	}
	r.ended("users", end)
	next.Users = end.Delta
	if !readsGroups(r.conn) || r.read.Doubt != "" && end.Failure != nil {
		return "", nil
	}
	end, err = r.conn.ReadGroups(ctx, groups, groupSink{r})
	if err != nil || end.Reset != "" {
		return end.Reset, err
	}
	r.ended("groups", end)
	next.Groups = end.Delta
	return "", nil
}

// readsGroups tells whether a source has groups. One that does not say what it has is
// asked for them.
func readsGroups(c Connector) bool {
	kinds := c.Description().Kinds
	return len(kinds) == 0 || slices.ContainsFunc(kinds, func(k schema.Kind) bool { return k.Shape == schema.GroupShape })
}

// ended notes how a stream ended.
func (r *reader) ended(what string, end pluginhost.End) {
	switch {
	case end.Failure != nil:
		r.doubt(fmt.Sprintf("the read of %s broke off: %s", what, end.Failure.Message))
	case !end.Complete:
		r.doubt(fmt.Sprintf("the read of %s ended early", what))
	case end.RemoteTotal != nil && *end.RemoteTotal > end.Count:
		r.doubt(fmt.Sprintf("%s says it has %d %s, and sent %d", r.ref, *end.RemoteTotal, what, end.Count))
	}
}

func (r *reader) doubt(why string) {
	if r.read.Doubt == "" {
		r.read.Doubt = why
	}
}

// believe compares the size of a complete read with the last one, and what a delta read
// takes away with what there is.
func (r *reader) believe(ctx context.Context, o Options, limits *config.Limits) error {
	if r.read.Doubt != "" || o.believes(r.ref) {
		return nil
	}
	shrunk, err := r.out.Shrunk(ctx, limits.MaxShrink, shrinkFloor)
	if err != nil {
		return err
	}
	if shrunk != "" {
		r.doubt(fmt.Sprintf("%s. A read that loses more than %g %% at once is not believed (limits.max_shrink); if it is true, run again with -believe %s", shrunk, limits.MaxShrink, r.ref))
	}
	return nil
}

func (r *reader) finish(ctx context.Context, began time.Time, next *store.Cursor) error {
	r.told.say(Progress{Stage: StageMirror, Of: r.ref})
	end := mirror.Ending{Believed: r.read.Doubt == "", Cursor: next}
	if err := r.out.Finish(ctx, end); err != nil {
		return err
	}
	s := r.out.Stats()
	r.read.Users, r.read.Groups, r.read.Memberships = s.Users, s.Groups, s.Memberships
	r.read.Changed, r.read.Gone, r.read.Took = s.Changed, s.Gone, r.e.Now().Sub(began)
	if s.Duplicates > 0 {
		r.notice(fmt.Sprintf("%d records were sent twice and taken once", s.Duplicates))
	}
	return nil
}

func (r *reader) notice(text string) {
	if len(r.read.Notices) < maxNotices {
		r.read.Notices = append(r.read.Notices, text)
	}
}

// readTarget reads a target whole. Without a complete and plausible picture of the
// target nothing can be planned: a missing account would be made again.
func (e *Engine) readTarget(ctx context.Context, c *config.Connector, syncs []store.SyncID, o Options, limits *config.Limits) (Read, error) {
	began := e.Now()
	conn, err := e.Connectors.Get(ctx, c.Ref())
	if err != nil {
		return Read{}, err
	}
	if c.Host.ReadTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Host.ReadTimeout)
		defer cancel()
	}
	r := &reader{e: e, ref: c.Ref(), conn: conn, syncs: syncs, read: &Read{Endpoint: c.Ref(), Mode: ModeFull}, told: o.told, was: e.population(ctx, c.Ref())}
	if r.out, err = mirror.Begin(ctx, e.Store, r.ref, mirror.Full, syncs); err != nil {
		return *r.read, err
	}
	defer r.out.Settle() // what breaks off has said why
	end, err := conn.ReadState(ctx, pluginhost.StateOptions{PageSize: c.Host.PageSize}, stateSink{r})
	if err != nil {
		return *r.read, err
	}
	r.ended("state", end)
	if err := r.believe(ctx, o, limits); err != nil {
		return *r.read, err
	}
	if r.read.Doubt == "" {
		r.told.say(Progress{Stage: StageDoubt, Of: r.ref})
		if err := r.recheckTarget(ctx); err != nil {
			return *r.read, err
		}
	}
	return *r.read, r.finish(ctx, began, &store.Cursor{At: began, FullAt: began})
}

// unread is the error for a target that was not read whole.
func unread(ref, why string) error {
	return fmt.Errorf("%w: %s. Test the connection: gateway check %s", ErrTargetUnread, why, ref)
}

type userSink struct{ *reader }

// Users implements pluginhost.UserSink.
func (s userSink) Users(ctx context.Context, page pluginhost.UserPage) error {
	spare()
	if err := s.out.Users(ctx, page.Users); err != nil {
		return err
	}
	s.arrived(len(page.Users), nil)
	return s.out.Removed(ctx, page.Removed, false)
}

type groupSink struct{ *reader }

// Groups implements pluginhost.GroupSink.
func (s groupSink) Groups(ctx context.Context, page pluginhost.GroupPage) error {
	spare()
	if err := s.out.Groups(ctx, page.Groups); err != nil {
		return err
	}
	if err := s.out.Removed(ctx, page.Removed, true); err != nil {
		return err
	}
	if err := s.out.ReplaceMembers(ctx, page.Replaced); err != nil {
		return err
	}
	if err := s.out.Members(ctx, page.Members); err != nil {
		return err
	}
	s.arrived(0, page.Members)
	return s.out.RemovedMembers(ctx, page.RemovedMembers)
}

type stateSink struct{ *reader }

// State implements pluginhost.StateSink.
func (s stateSink) State(ctx context.Context, page pluginhost.StatePage) error {
	spare()
	if err := s.out.Users(ctx, page.Users); err != nil {
		return err
	}
	if err := s.out.Groups(ctx, page.Groups); err != nil {
		return err
	}
	for _, p := range page.Protected {
		s.out.Protect(p.UserID, p.Reason)
	}
	for _, q := range page.Quotas {
		s.out.Quota(q)
	}
	s.arrived(len(page.Users), page.Members)
	return s.out.Members(ctx, page.Members)
}

// Notice implements the sinks: what a connector says of one record.
func (r *reader) Notice(n pluginhost.Notice) {
	text := identity.Visible(n.Diagnostic.Summary, 300)
	if n.RecordID != "" {
		text = identity.Visible(n.RecordID, 80) + ": " + text
	}
	r.notice(text)
	if n.Diagnostic.Severity == diag.Error {
		r.doubt("part of the read failed: " + text)
	}
}

// Checkpoint implements the sinks. A read that breaks off starts again: what it
// brought is in the mirror, and comparing is cheap.
func (r *reader) Checkpoint([]byte) {}
