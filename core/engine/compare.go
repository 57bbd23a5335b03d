package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"syncgateway/core/config"
	"syncgateway/core/idset"
	"syncgateway/core/plan"
	"syncgateway/core/schema"
	"syncgateway/core/store"
)

// Comparison is what one configuration of a sync would do differently from another, on the
// data of the mirror and without any time of grace. Nothing is read, written or marked.
type Comparison struct {
	Sync    string          `json:"sync"`
	Changes []config.Change `json:"changes"`
	// Steps of the new configuration that the old one would not have, and the other way
	// round: Spared is what the old one would take away, Missed what it would give.
	Lost   []Effect `json:"lost,omitempty"`
	Gained []Effect `json:"gained,omitempty"`
	Spared []Effect `json:"spared,omitempty"`
	Missed []Effect `json:"missed,omitempty"`
	Notes  []string `json:"notes,omitempty"`
}

// Effect is steps of one class, and for memberships of one group, that come from the
// same changes.
type Effect struct {
	Class  plan.Class `json:"class"`
	Group  string     `json:"group,omitempty"`
	Causes []string   `json:"causes"` // "users.include (gateway.hcl line 41)"
	Names  []string   `json:"names"`  // of accounts, or of groups
}

// Title says what the effect is: `remove 12 memberships of group "devs"`.
func (x *Effect) Title() string {
	title := x.Class.Phrase(len(x.Names))
	if x.Group != "" {
		title += fmt.Sprintf(" of group %q", x.Group)
	}
	return title
}

// ErrNotComparable: the two configurations cannot be compared.
var ErrNotComparable = errors.New("the configurations cannot be compared")

// Compare compares two configurations of a sync. target describes the target's plugin.
func (e *Engine) Compare(ctx context.Context, sync string, was, is config.Kept, target *schema.Plugin) (*Comparison, error) {
	var sides [2]*config.Config
	for i, k := range []config.Kept{was, is} {
		c, ds := k.Parse()
		if ds.HasErrors() {
			return nil, ds
		}
		if c.Sync(sync) == nil {
			return nil, fmt.Errorf("%w: %s has no sync %q", ErrNotComparable, k.Filename, sync)
		}
		sides[i] = c
	}
	old, now := sides[0].Sync(sync), sides[1].Sync(sync)
	if old.To.Ref() != now.To.Ref() {
		return nil, fmt.Errorf("%w: they have different targets, %s and %s", ErrNotComparable, old.To.Ref(), now.To.Ref())
	}
	out := &Comparison{Sync: sync, Changes: config.Changes(was, sides[0], is, sides[1], sync)}
	err := e.Store.View(ctx, func(v store.Reader) error { return e.compare(v, out, old, now, target) })
	return out, err
}

func (e *Engine) compare(v store.Reader, out *Comparison, old, now *config.Sync, target *schema.Plugin) error {
	everybody, err := out.everybody(v, old, now)
	if err != nil {
		return err
	}
	var sides [2]*evaluation
	for i, s := range []*config.Sync{old, now} {
		s.Users.Grace = 0
		ev, err := e.readOnly(v, s, target)
		if err != nil {
			return err
		}
		ev.only, ev.whole, ev.newIDs = everybody, true, temporary()
		if err := ev.run(v); err != nil {
			return err
		}
		sides[i] = ev
	}
	cause := func(s *plan.Head) []config.Change { return likely(s, out.Changes) }
	more, less := difference(sides[1].steps, sides[0].steps), difference(sides[0].steps, sides[1].steps)
	out.Lost, out.Gained = effects(more, true, cause), effects(more, false, cause)
	out.Spared, out.Missed = effects(less, true, cause), effects(less, false, cause)
	for _, c := range out.Changes {
		if strings.HasPrefix(c.Setting, "source.") || strings.HasPrefix(c.Setting, "target.") {
			out.Notes = append(out.Notes, fmt.Sprintf("what %s reads may change with its settings (%s): this compares rules on the data that was read last", c.Setting, c.Where()))
		}
	}
	return nil
}

// everybody are the accounts of all sources of both sides, and of the target.
func (x *Comparison) everybody(v store.Reader, old, now *config.Sync) ([]store.ID, error) {
	eps, err := v.Endpoints()
	if err != nil {
		return nil, err
	}
	refs := []string{now.To.Ref()}
	for _, c := range append(slices.Clone(old.From), now.From...) {
		refs = append(refs, c.Ref())
	}
	slices.Sort(refs)
	var all []store.ID
	for _, ref := range slices.Compact(refs) {
		if cur, err := v.Cursor(eps[ref]); err != nil || cur.FullAt.IsZero() {
			x.Notes = append(x.Notes, ref+" was never read: what it has is not in this picture")
		}
		if eps[ref] == 0 {
			continue
		}
		err := v.Heads(eps[ref], func(h store.Head) error {
			all = append(all, h.N)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return idset.Of(all), nil
}

// difference are the steps of a that b does not have, in the order of a plan.
func difference(a, b plan.Steps) *plan.Plan {
	has := map[stepKey]bool{}
	for _, s := range b.Heads() {
		has[keyOf(s)] = true
	}
	p := &plan.Plan{Steps: a.Where(func(s *plan.Head) bool { return !has[keyOf(s)] })}
	p.Sort()
	return p
}

// effects groups the steps that take away, or the others, by what they do and the
// changes they come from.
func effects(p *plan.Plan, destructive bool, cause func(*plan.Head) []config.Change) []Effect {
	var out []Effect
	at := map[string]int{}
	for _, s := range p.Steps.Heads() {
		if s.Class.Destructive() != destructive {
			continue
		}
		x := Effect{Class: s.Class}
		name := s.Person
		switch {
		case s.User != nil && s.Group != nil:
			name, x.Group = s.User.Name, s.Group.Name
		case s.User != nil:
			name = s.User.Name
		case s.Group != nil:
			name = s.Group.Name
		}
		var causes []Cause
		for _, c := range cause(s) {
			causes = append(causes, Cause{Change: c})
		}
		x.Causes = wheres(causes)
		key := fmt.Sprint(x.Class, "\x00", x.Group, "\x00", x.Causes)
		j, ok := at[key]
		if !ok {
			j = len(out)
			at[key], out = j, append(out, x)
		}
		out[j].Names = append(out[j].Names, name)
	}
	return out
}
