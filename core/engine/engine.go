package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"syncgateway/core/apply"
	"syncgateway/core/audit"
	"syncgateway/core/config"
	"syncgateway/core/diag"
	"syncgateway/core/guard"
	"syncgateway/core/plan"
	"syncgateway/core/pluginhost"
	"syncgateway/core/schema"
	"syncgateway/core/store"
)

// Connector is what the engine needs of a running plugin.
type Connector interface {
	Description() *schema.Plugin
	ReadUsers(ctx context.Context, o pluginhost.ReadOptions, sink pluginhost.UserSink) (pluginhost.End, error)
	ReadGroups(ctx context.Context, o pluginhost.ReadOptions, sink pluginhost.GroupSink) (pluginhost.End, error)
	Lookup(ctx context.Context, by pluginhost.LookupBy) (pluginhost.Found, error)
	apply.Target
}

// Connectors starts plugins as they are needed, and keeps them.
type Connectors interface {
	// Get returns the running plugin of a block, by its address ("source.okta.corp").
	Get(ctx context.Context, ref string) (Connector, error)
}

// Engine runs syncs. It is safe for concurrent use; syncs with the same target wait
// for each other.
type Engine struct {
	Store      store.Store
	Config     *config.Config
	Connectors Connectors
	Log        hclog.Logger
	Now        func() time.Time
	// Progress is told how far runs are, by several goroutines; nil when nobody listens.
	Progress func(Progress)
	Version  string
	// Redact takes secrets out of what is stored of a run; nil leaves it as it is.
	Redact *diag.Redactor
	// Audit records what is planned, released and done; nil without a record.
	Audit *audit.Log
	// Pushed tells the plugins, by their types, that are pushed to; nil: none is.
	Pushed func(typ string) bool

	targets keyedMutex
}

// Options say what a run is to do.
type Options struct {
	Mode     string     // ModeFull, ModeDelta; empty: as the schedule wants
	User     string     // one person, by e-mail, username or id
	Apply    bool       // false: plan only
	Exactly  *plan.Plan // apply these steps and no others
	Undo     *Undo      // the inverse of an earlier run, and nothing else
	Trigger  string     // "cli", "schedule", "event", "login"
	Who      string     // who asked
	Everyone bool       // look at everybody again, not only at whom something changed for
	Believe  []string   // endpoints whose shrunken reads are to be believed, this once

	told *teller
}

func (o *Options) believes(ref string) bool { return slices.Contains(o.Believe, ref) }

// Report is what a run did.
type Report struct {
	Run        store.Run      `json:"run"`
	Reads      []Read         `json:"reads"`
	Plan       *plan.Plan     `json:"-"`
	Digest     string         `json:"digest"`
	Verdict    guard.Verdict  `json:"verdict"`
	Release    string         `json:"release,omitempty"`  // the command that releases all of a held plan
	Approved   string         `json:"approved,omitempty"` // who released the plan, or a part of it
	Impacts    []plan.Impact  `json:"impacts,omitempty"`  // where groups that end are used
	Outcomes   map[string]int `json:"outcomes"`
	Apply      *apply.Report  `json:"apply,omitempty"`
	Settled    int            `json:"settled,omitempty"` // operations of an interrupted run whose outcome was asked for
	Kept       []string       `json:"kept,omitempty"`    // people a second look saved
	SecondLook *SecondLook    `json:"second_look,omitempty"`
	Drifted    []string       `json:"drifted,omitempty"` // steps of a plan file that no longer fit
	Undo       *UndoReport    `json:"undo,omitempty"`
	Drift      *DriftReport   `json:"drift,omitempty"`  // of what was pushed; nil where nothing is compared
	Paused     *PauseView     `json:"paused,omitempty"` // nothing was, or will be, applied until the sync is resumed
	Causes     []Cause        `json:"causes,omitempty"` // changes of the configuration that take something away
	// Waiting is how many steps wait for an approval. Approvals are the people who gave
	// one so far, Approvers how many it takes.
	Waiting   int      `json:"waiting,omitempty"`
	Approvals []string `json:"approvals,omitempty"`
	Approvers int      `json:"approvers,omitempty"`
}

// Held reports whether something of the plan waits for an approval.
func (r *Report) Held() bool { return r.Waiting > 0 }

// Doubts are the reasons why nothing may be taken away, one per read.
func (r *Report) Doubts() []string {
	var out []string
	for _, read := range r.Reads {
		if read.Doubt != "" {
			out = append(out, read.Endpoint+": "+read.Doubt)
		}
	}
	return out
}

// Errors that callers tell apart.
var (
	// ErrTargetUnread: the target could not be read whole, so nothing was planned.
	ErrTargetUnread = errors.New("the target could not be read completely, so nothing was planned")
	// ErrBusy: another run writes to the target.
	ErrBusy = errors.New("another run is using the target")
	// ErrStale: a plan was made with another configuration.
	ErrStale = errors.New("the plan was made with another configuration")
	// ErrUnknownUser: nobody of that name is in any source of the sync.
	ErrUnknownUser = errors.New("no source of the sync knows this person")
)

// run is one run on its way.
type run struct {
	*Engine
	sync   *config.Sync
	o      Options
	report *Report
	rec    store.Run

	sid     store.SyncID
	target  store.EndpointID
	sources map[store.EndpointID]*sourceSide
	conn    Connector
	began   time.Time

	remapped bool // the configuration is another than last time
	causes   map[stepKey][]config.Change
	unasked  map[store.ID]bool // people a second look has not got to: nothing is taken from them
}

// Run runs a sync once. A report is returned with every error that happened after the
// run had begun.
func (e *Engine) Run(ctx context.Context, name string, o Options) (*Report, error) {
	s := e.Config.Sync(name)
	if s == nil {
		return nil, fmt.Errorf("there is no sync %q", name)
	}
	unlock := e.targets.lock(s.To.Ref())
	defer unlock()
	defer spareAtEnd()()
	r := &run{Engine: e, sync: s, o: o, report: &Report{}, began: e.Now()}
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	r.o.told = e.teller(name, r.rec.ID)
	defer r.o.told.say(Progress{Stage: StageEnded})
	err := r.stages(ctx)
	if err == nil && r.o.Apply {
		err = r.readBack(ctx)
	}
	if ferr := r.finish(ctx, err); ferr != nil {
		err = errors.Join(err, ferr)
	}
	return r.report, err
}

// stages is the order of a run.
func (r *run) stages(ctx context.Context) error {
	var err error
	if r.conn, err = r.Connectors.Get(ctx, r.sync.To.Ref()); err != nil {
		return err
	}
	if err := r.mark(ctx); err != nil {
		return err
	}
	r.o.told.say(Progress{Stage: StageRecover})
	if r.report.Settled, err = apply.Recover(ctx, r.applyOptions()); err != nil {
		return err
	}
	switch {
	case r.o.Exactly != nil:
		return r.exactly(ctx)
	case r.o.Undo != nil:
		return r.undo(ctx)
	}
	ev, err := r.read(ctx)
	if err != nil {
		return err
	}
	if err := r.evaluate(ctx, ev); err != nil {
		return err
	}
	if err := r.secondLook(ctx, ev); err != nil {
		return err
	}
	if err := r.emptyGroups(ctx, ev); err != nil {
		return fmt.Errorf("ask about groups that are to go: %w", err)
	}
	if err := r.blame(ctx, ev); err != nil {
		return err
	}
	allowed, err := r.judge(ctx, ev)
	if err != nil || !r.o.Apply || allowed.Empty() {
		return err
	}
	return r.apply(ctx, ev, allowed)
}

// read brings the mirrors up to date and prepares the evaluation.
func (r *run) read(ctx context.Context) (*evaluation, error) {
	mode, err := r.mode(ctx)
	if err != nil {
		return nil, err
	}
	r.rec.Mode = mode
	ev := r.evaluation()
	if mode == ModeUser {
		ev.removals = true // a direct answer is a complete read of one person
		ev.only, err = r.readUser(ctx)
		return ev, err
	}
	if err := r.readSources(ctx, mode); err != nil {
		return nil, err
	}
	if mode == ModeFull || !r.targetKnown(ctx) {
		read, err := r.readTarget(ctx, r.sync.To, r.users(r.sync.To.Ref()), r.o, &r.sync.Limits)
		r.report.Reads = append(r.report.Reads, read)
		if err != nil {
			return nil, err
		}
		if read.Doubt != "" {
			return nil, unread(r.sync.To.Ref(), read.Doubt)
		}
		ev.fresh = true
	}
	ev.removals = len(r.report.Doubts()) == 0
	return ev, nil
}

func (r *run) evaluation() *evaluation {
	d := r.conn.Description()
	return &evaluation{sync: r.sync, sid: r.sid, sources: r.sources, target: r.target, userKind: d.Kind(r.sync.Users.Kind),
		groupKind: d.Kind(r.sync.Groups.Kind), now: r.began, newIDs: r.Store.NewIDs, told: r.o.told}
}

// users are the syncs that use an endpoint: a change there concerns them all.
func (e *Engine) syncsUsing(tx store.Tx, ref string) ([]store.SyncID, error) {
	var out []store.SyncID
	for _, s := range e.Config.Syncs {
		uses := s.To.Ref() == ref || slices.ContainsFunc(s.From, func(c *config.Connector) bool { return c.Ref() == ref })
		if !uses {
			continue
		}
		id, err := tx.Sync(s.Name)
		if err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, nil
}

func (r *run) users(ref string) []store.SyncID {
	var out []store.SyncID
	// Interning a name cannot fail but for the store, which the next write tells.
	_ = r.Store.Update(context.Background(), func(tx store.Tx) (err error) {
		out, err = r.syncsUsing(tx, ref)
		return err
	})
	return out
}

// mode is what was asked for, or what the schedule wants: full when the last full read
// is older than full_every, or when the configuration changed.
func (r *run) mode(ctx context.Context) (string, error) {
	if r.o.User != "" {
		return ModeUser, nil
	}
	if r.o.Mode != "" {
		return r.o.Mode, nil
	}
	if r.remapped || r.sync.Schedule.FullEvery == 0 {
		return ModeFull, nil
	}
	for _, c := range r.sync.From {
		cur, err := r.cursor(ctx, c.Ref())
		if err != nil {
			return "", err
		}
		if cur.FullAt.IsZero() || r.began.Sub(cur.FullAt) >= r.sync.Schedule.FullEvery {
			return ModeFull, nil
		}
	}
	return ModeDelta, nil
}

func (r *run) readSources(ctx context.Context, mode string) error {
	for _, c := range r.sync.From {
		read, err := r.readSource(ctx, c, r.users(c.Ref()), mode, r.o, &r.sync.Limits)
		if err != nil {
			return fmt.Errorf("read %s: %w", c.Ref(), err)
		}
		r.report.Reads = append(r.report.Reads, read)
	}
	return nil
}

// targetKnown tells whether the target was ever read whole: a delta run trusts its
// mirror, which every applied operation kept up to date.
func (r *run) targetKnown(ctx context.Context) bool {
	cur, err := r.cursor(ctx, r.sync.To.Ref())
	return err == nil && !cur.FullAt.IsZero()
}

// evaluate plans, and keeps what was found out about people.
func (r *run) evaluate(ctx context.Context, ev *evaluation) error {
	if err := r.markDue(ctx); err != nil {
		return err
	}
	if err := r.markManaged(ctx); err != nil {
		return err
	}
	if err := r.Store.Views(ctx, ev.runAhead); err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	return nil
}

// markDue marks the leavers whose time of grace has run out.
func (r *run) markDue(ctx context.Context) error {
	return r.Store.Update(ctx, func(tx store.Tx) error {
		graces, err := tx.Graces(r.sid)
		if err != nil {
			return err
		}
		var due []store.ID
		for _, g := range graces {
			if !r.began.Before(g.Due) {
				due = append(due, g.P)
			}
		}
		accounts, err := tx.AccountsOf(r.sid, due)
		if err != nil {
			return err
		}
		ns := make([]store.ID, len(accounts))
		for i, pa := range accounts {
			ns[i] = pa.N
		}
		return tx.MarkDirty(r.sid, ns)
	})
}

func (r *run) header() plan.Header {
	h := plan.Header{Sync: r.sync.Name, Target: r.sync.To.Ref(), Epoch: r.sync.Epoch}
	if r.o.Undo != nil {
		h.Undoes = r.o.Undo.Run
	}
	return h
}
