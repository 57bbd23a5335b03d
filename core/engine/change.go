package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"syncgateway/core/config"
	"syncgateway/core/guard"
	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/plan"
	"syncgateway/core/store"
)

// Cause says how many steps of a plan come from one change of the configuration: the
// configuration before it would not have made them from the same data.
type Cause struct {
	config.Change
	Steps int `json:"steps"`
}

// stepKey tells whether two evaluations of the same data want the same.
type stepKey struct {
	class       plan.Class
	user, group string
}

func keyOf(s *plan.Head) stepKey {
	k := stepKey{class: s.Class}
	if s.User != nil {
		if k.user = s.User.ID; k.user == "" {
			k.user = s.Person
		}
	}
	if s.Group != nil {
		k.group = identity.Fold(s.Group.Name)
	}
	return k
}

// earlier is the configuration that everybody was last treated by, where it is another
// one than now.
type earlier struct {
	sync    *config.Sync
	changes []config.Change
}

// earlierConfig reads it from the store; nil without one, or when it cannot be compared
// with: then note says why.
func (r *run) earlierConfig(v store.Reader) (e *earlier, note string, err error) {
	applied, err := v.AppliedConfig(r.sid)
	if errors.Is(err, store.ErrNotFound) || err == nil && applied.Epoch == r.sync.Epoch {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	var kept config.Kept
	if err := json.Unmarshal(applied.Kept, &kept); err != nil {
		return nil, "", fmt.Errorf("the configuration of before: %w", err)
	}
	old, ds := kept.Parse()
	if ds.HasErrors() {
		return nil, "what comes from the change of the configuration is not known: the one before cannot be read by this version", nil
	}
	s := old.Sync(r.sync.Name)
	if s == nil || s.To.Ref() != r.sync.To.Ref() {
		return nil, "", nil // another target: everything is new there
	}
	is := r.Config.Keep(r.sync.Name)
	now, ds := is.Parse() // without comments, which nobody has checked for secrets
	if ds.HasErrors() {
		return nil, "", ds
	}
	return &earlier{sync: s, changes: config.Changes(kept, old, is, now, r.sync.Name)}, "", nil
}

// temporary gives ids to people who are met while looking only: from the other end of
// the numbers, and never stored.
func temporary() func(n int) store.ID {
	next := store.ID(math.MaxUint32)
	return func(n int) store.ID {
		next -= store.ID(n)
		return next
	}
}

// blame finds the steps that the configuration of before would not have made from the
// same data, and the changes that they come from.
func (r *run) blame(ctx context.Context, ev *evaluation) error {
	err := r.Store.View(ctx, func(v store.Reader) error {
		e, note, err := r.earlierConfig(v)
		if note != "" {
			ev.warn("%s", note)
		}
		if e == nil || err != nil {
			return err
		}
		before, err := r.readOnly(v, e.sync, r.conn.Description())
		if err != nil {
			return err
		}
		before.now, before.removals, before.only, before.newIDs = r.began, ev.removals, ev.only, temporary()
		if err := before.run(v); err != nil {
			return err
		}
		r.causes = causes(ev, before.steps, e.changes)
		return nil
	})
	if err != nil {
		return fmt.Errorf("compare with the configuration of before: %w", err)
	}
	return nil
}

// causes are the changes that each new step may come from.
func causes(ev *evaluation, before plan.Steps, changes []config.Change) map[stepKey][]config.Change {
	had := map[stepKey]bool{}
	for _, s := range before.Heads() {
		had[keyOf(s)] = true
	}
	gone := map[store.ID]string{} // the source that no longer shows somebody
	for _, d := range ev.doubts {
		gone[d.P] = d.Source
	}
	out := map[stepKey][]config.Change{}
	for _, s := range ev.steps.Heads() {
		k := keyOf(s)
		if source := changesOf(changes, gone[s.P]); s.Class.Destructive() && len(source) > 0 {
			out[k] = source
		} else if !had[k] {
			out[k] = likely(s, changes)
		}
	}
	return out
}

func changesOf(changes []config.Change, setting string) []config.Change {
	return slices.DeleteFunc(slices.Clone(changes), func(c config.Change) bool { return c.Setting != setting })
}

// likely are the changes that a step can come from: that of the rule it names, else
// those of the settings that decide about steps of its class.
func likely(s *plan.Head, changes []config.Change) []config.Change {
	if name, _, ok := strings.Cut(s.Rule, " ("); ok {
		if own := changesOf(changes, name); len(own) > 0 {
			return own
		}
	}
	prefixes := []string{"users.", "from", "join", "local.", "plain_env.", "to", "limits."}
	switch s.Class {
	case plan.AddMember, plan.RemoveMember, plan.CreateGroup, plan.DeleteGroup:
		prefixes = []string{"groups.", "users.include", "from", "join", "local.", "plain_env."}
	case plan.UpdateUser:
		prefixes = []string{"users.map", "from", "join", "local.", "plain_env."}
	}
	some := slices.DeleteFunc(slices.Clone(changes), func(c config.Change) bool {
		return !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(c.Setting, p) })
	})
	if len(some) == 0 {
		return changes
	}
	return some
}

// explain completes the reasons to hold, and the plan, with the changes of the
// configuration that they come from.
func (r *run) explain(p *plan.Plan) {
	if len(r.causes) == 0 {
		return
	}
	for i := range r.report.Verdict.Trips {
		t := &r.report.Verdict.Trips[i]
		found, n := r.tally(p, func(s *plan.Head) bool {
			return (t.Action.Covers(s) || t.Action == "" && s.Class.Destructive()) && (t.Group == "" || s.Group.Name == t.Group)
		})
		if n > 0 {
			t.Causes = wheres(found)
			t.Message += "; " + comes(n, t.Planned) + strings.Join(t.Causes, ", ")
		}
	}
	found, n := r.tally(p, func(s *plan.Head) bool { return s.Class.Destructive() })
	r.report.Causes = found
	if n > 0 && !r.report.Verdict.Hold() {
		p.Warnings = append(p.Warnings, fmt.Sprintf("of what is taken away, %s%s", comes(n, n+1), strings.Join(wheres(found), ", ")))
	}
}

func comes(n, of int) string {
	switch {
	case n == of:
		return "this comes from your change of "
	case n == 1:
		return "1 of them comes from your change of "
	}
	return fmt.Sprintf("%d of them come from your change of ", n)
}

// tally counts the steps that come from changes, by change.
func (r *run) tally(p *plan.Plan, of func(*plan.Head) bool) ([]Cause, int) {
	var out []Cause
	n := 0
	for _, s := range p.Steps.Heads() {
		changes := r.causes[keyOf(s)]
		if len(changes) == 0 || !of(s) {
			continue
		}
		n++
		for _, c := range changes {
			j := slices.IndexFunc(out, func(x Cause) bool { return x.Setting == c.Setting })
			if j < 0 {
				j, out = len(out), append(out, Cause{Change: c})
			}
			out[j].Steps++
		}
	}
	slices.SortStableFunc(out, func(a, b Cause) int { return b.Steps - a.Steps })
	return out, n
}

// mostCauses is how many changes a reason names.
const mostCauses = 5

func wheres(causes []Cause) []string {
	var out []string
	for i, c := range causes {
		if i == mostCauses {
			return append(out, fmt.Sprintf("and %d more", len(causes)-mostCauses))
		}
		out = append(out, c.Setting+" ("+c.Where()+")")
	}
	return out
}

// applied keeps the configuration as the one that everybody was treated by: when the
// run left nothing waiting, withheld or undone, and nobody's grace runs who would not
// have left by the one before.
func (r *run) applied(tx store.Tx) error {
	done := r.o.Apply && r.rec.Mode != ModeUser && r.o.Exactly == nil && r.o.Undo == nil && len(r.report.Doubts()) == 0 &&
		!r.report.Held() && len(r.report.Kept) == 0 && (r.report.Apply == nil || r.report.Apply.Done())
	if !done {
		return nil
	}
	e, _, err := r.earlierConfig(tx)
	if err != nil {
		return err
	}
	if e != nil {
		if pending, err := r.pending(tx, e); err != nil || pending {
			return err
		}
	} else if now, err := tx.AppliedConfig(r.sid); err == nil && now.Epoch == r.sync.Epoch {
		return nil
	}
	kept, err := json.Marshal(r.Config.Keep(r.sync.Name))
	if err != nil {
		return err
	}
	return tx.PutAppliedConfig(r.sid, store.AppliedConfig{Epoch: r.sync.Epoch, Kept: kept, At: r.began})
}

// pending tells whether somebody is leaving, in their time of grace, whom the earlier
// configuration would keep.
func (r *run) pending(tx store.Tx, e *earlier) (bool, error) {
	graces, err := tx.Graces(r.sid)
	if err != nil || len(graces) == 0 {
		return false, err
	}
	ps := make([]store.ID, len(graces))
	for i, g := range graces {
		ps[i] = g.P
	}
	accounts, err := tx.AccountsOf(r.sid, idset.Of(ps))
	if err != nil {
		return false, err
	}
	ns := make([]store.ID, len(accounts))
	for i, a := range accounts {
		ns[i] = a.N
	}
	sync := *e.sync
	sync.Users.Grace = 0
	before, err := r.readOnly(tx, &sync, r.conn.Description())
	if err != nil {
		return false, err
	}
	before.only, before.now, before.newIDs = idset.Of(ns), r.began, temporary()
	if err := before.run(tx); err != nil {
		return false, err
	}
	leaving := map[store.ID]bool{}
	for _, s := range before.steps.Heads() {
		if guard.Deactivate.Covers(s) || guard.Delete.Covers(s) {
			leaving[s.P] = true
		}
	}
	return slices.ContainsFunc(ps, func(p store.ID) bool { return !leaving[p] }), nil
}
