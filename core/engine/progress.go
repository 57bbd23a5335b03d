package engine

import (
	"context"
	"sync"
	"time"

	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

// The stages of a run, in their order.
const (
	StageRecover    = "recover"     // operations of an earlier run without an answer are asked about
	StageRead       = "read"        // an endpoint is read
	StageMirror     = "mirror"      // what was read is compared with what there was
	StageDoubt      = "doubt"       // what a listing no longer has is asked for
	StageEvaluate   = "evaluate"    // who is marked is looked at
	StageSecondLook = "second look" // who would lose something is asked about
	StageJudge      = "judge"       // the plan is put in order and held against the limits
	StageApply      = "apply"       // the target is changed
	StageRecord     = "record"      // the same people are looked at once more
	StageReadBack   = "read back"   // leavers are read again in the target
	StageEnded      = "ended"       // the run is over
)

// Progress is how far a run is.
type Progress struct {
	Sync    string    `json:"sync"`
	Run     string    `json:"run,omitempty"`
	Stage   string    `json:"stage"`
	Of      string    `json:"of,omitempty"`   // which endpoint: "source.okta.corp"
	Unit    string    `json:"unit,omitempty"` // what is counted: "users"; empty: nothing is
	Done    int       `json:"done"`
	Total   int       `json:"total,omitempty"`   // 0: not known
	Waiting string    `json:"waiting,omitempty"` // what the remote system asked to wait for
	Until   time.Time `json:"until,omitzero"`
	Began   time.Time `json:"began,omitzero"` // when the counting began
	At      time.Time `json:"at,omitzero"`    // when this was so
}

// Rate is how many of Unit were done in a second, 0 while that is not known.
func (p *Progress) Rate() float64 {
	if took := p.At.Sub(p.Began).Seconds(); took > 0 {
		return float64(p.Done) / took
	}
	return 0
}

// Left is how long the rest will take at this rate, 0 while that is not known.
func (p *Progress) Left() time.Duration {
	rate := p.Rate()
	if rate == 0 || p.Total <= p.Done {
		return 0
	}
	return time.Duration(float64(p.Total-p.Done) / rate * float64(time.Second))
}

// sayEvery bounds how often one count is told again.
const sayEvery = 100 * time.Millisecond

// teller tells how far one run is. It is safe for concurrent use; nil tells nobody.
type teller struct {
	tell func(Progress)
	now  func() time.Time

	mu   sync.Mutex
	last Progress // holds the sync and the run before anything was told
}

func (e *Engine) teller(sync, run string) *teller {
	if e.Progress == nil {
		return nil
	}
	return &teller{tell: e.Progress, now: e.Now, last: Progress{Sync: sync, Run: run}}
}

// say tells p: a new stage, a pause and an end at once, the rest when it is time.
func (t *teller) say(p Progress) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	last := t.last
	if p.Waiting != "" && p.Stage == last.Stage && p.Of == last.Of {
		p.Unit, p.Done, p.Total = last.Unit, last.Done, last.Total
	}
	if p.Total < p.Done {
		p.Total = 0 // it was a guess
	}
	p.Sync, p.Run, p.At = last.Sync, last.Run, t.now().Truncate(time.Millisecond)
	p.Began = p.At
	if p.Stage == last.Stage && p.Of == last.Of && p.Unit == last.Unit {
		p.Began = last.Began
		if p.Waiting == last.Waiting && p.Done != p.Total && p.At.Sub(last.At) < sayEvery {
			return
		}
	}
	t.last = p
	t.tell(p)
}

// arrived tells how much of a read has arrived, of as much as there was at the last full
// read: users while they come, then memberships.
func (r *reader) arrived(users int, members []pluginhost.MembersRecord) {
	for i := range members {
		r.members += members[i].Count
	}
	p := Progress{Stage: StageRead, Of: r.ref, Unit: "users", Done: r.out.Stats().Users, Total: r.was.Users}
	if users == 0 {
		p.Unit, p.Done, p.Total = "memberships", r.members, r.was.Memberships
	}
	r.told.say(p)
}

// Waiting implements the sinks: the remote system asked for patience.
func (r *reader) Waiting(w pluginhost.Waiting) {
	r.told.say(Progress{Stage: StageRead, Of: r.ref, Waiting: w.Reason, Until: w.Until})
}

// population is what an endpoint had at its last full read; nothing while that is not known.
func (e *Engine) population(ctx context.Context, ref string) (was store.Population) {
	_ = e.Store.View(ctx, func(v store.Reader) error { // only for show
		eps, err := v.Endpoints()
		if err != nil {
			return err
		}
		was, err = v.Population(eps[ref])
		return err
	})
	return was
}
