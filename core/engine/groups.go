package engine

import (
	"fmt"
	"slices"

	"syncgateway/core/config"
	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/mapping"
	"syncgateway/core/plan"
	"syncgateway/core/schema"
	"syncgateway/core/store"
)

// groupSide answers what groups mean in a run: which groups of the sources somebody
// is in, which groups of the target that makes, and what the target has. Each group is
// read and mapped once.
type groupSide struct {
	ev      *evaluation
	kind    *schema.Kind
	off     bool
	parents map[store.ID]idset.Set // source groups, all sources; nil when not flattened
	sources map[store.ID]*sourceGroup
	targets map[string]*targetGroup // by folded name
	byN     map[store.ID]*targetGroup
	round   int
	managed map[string]bool // folded names some source group makes; nil when nobody needs them
	owns    bool            // all memberships of the managed groups are the gateway's
}

type sourceGroup struct {
	name   string
	source string // "source.okta.corp"
	wants  []want
}

// want is one target group that a source group makes.
type want struct {
	name, fold string
	because    string
	rule       string
}

// targetGroup is a group of the target, there or to be made.
type targetGroup struct {
	n       store.ID // 0: to be made
	ref     plan.Ref
	refused string // why memberships cannot be written; "" when they can
	rule    string // of one that is to be made
	note    string // its description
	shared  bool   // another group has the name: what is refused for that may be allowed when that one changes
	round   int    // of resolve: who has seen it
}

func (g *groupSide) prepare() error {
	g.sources, g.targets, g.byN = map[store.ID]*sourceGroup{}, map[string]*targetGroup{}, map[store.ID]*targetGroup{}
	g.off = g.ev.sync.Groups.Mode == config.GroupsOff
	if g.off {
		return nil
	}
	if g.ev.sync.Groups.Nested == config.NestedFlatten {
		g.parents = map[store.ID]idset.Set{}
		for ep := range g.ev.sources {
			parents, err := g.ev.view.Parents(ep)
			if err != nil {
				return err
			}
			for child, of := range parents {
				g.parents[child] = of
			}
		}
	}
	g.owns = !g.ev.sync.Groups.KeepExisting
	if g.owns || g.ev.sync.Groups.OnLeave == config.LeaveDelete {
		return g.loadManaged()
	}
	return nil
}

// loadManaged maps every source group, to know all groups of the target that the rules
// make.
func (g *groupSide) loadManaged() error {
	g.managed = map[string]bool{}
	for ep := range g.ev.sources {
		var ns []store.ID
		err := g.ev.view.GroupHeads(ep, func(h store.Head) error {
			if !h.Flags.Has(store.Gone) {
				ns = append(ns, h.N)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := g.load(ns); err != nil {
			return err
		}
	}
	for _, sg := range g.sources {
		for _, w := range sg.wants {
			g.managed[w.fold] = true
		}
	}
	for _, name := range slices.Concat(g.ev.sync.Groups.ForAllUsers, g.ev.sync.Groups.ForNewUsers) {
		g.managed[identity.Fold(name)] = true
	}
	return nil
}

// closure is the groups with all groups above them. A group that contains itself over
// some way is visited once.
func (g *groupSide) closure(direct idset.Set) idset.Set {
	if len(g.parents) == 0 {
		return direct
	}
	seen := map[store.ID]bool{}
	out := slices.Clone(direct)
	for i := 0; i < len(out); i++ {
		if seen[out[i]] {
			continue
		}
		seen[out[i]] = true
		for _, parent := range g.parents[out[i]] {
			if !seen[parent] {
				out = append(out, parent)
			}
		}
	}
	return idset.Of(out)
}

// effective tells the groups of each account, nested ones included, and loads them.
func (g *groupSide) effective(ns []store.ID) (map[store.ID]idset.Set, error) {
	if !g.asked() {
		return nil, nil
	}
	sets, err := g.ev.view.AccountSets(idset.Of(slices.Clone(ns)))
	if err != nil {
		return nil, err
	}
	return g.effectiveOf(sets)
}

// effectiveOf is effective for accounts whose sets are known.
func (g *groupSide) effectiveOf(sets []store.AccountSet) (map[store.ID]idset.Set, error) {
	out := make(map[store.ID]idset.Set, len(sets))
	var missing []store.ID
	for _, s := range sets {
		out[s.N] = g.closure(s.Groups)
		for _, n := range out[s.N] {
			if g.sources[n] == nil {
				missing = append(missing, n)
			}
		}
	}
	return out, g.load(idset.Of(missing))
}

// asked tells whether anybody wants to know who is in which groups.
func (g *groupSide) asked() bool { return !g.off || g.ev.sync.Rules.ReadsGroups() }

// load reads and maps the source groups that are not known yet.
func (g *groupSide) load(ns []store.ID) error {
	missing := slices.DeleteFunc(slices.Clone(ns), func(n store.ID) bool { return g.sources[n] != nil })
	groups, err := g.ev.view.Groups(missing)
	if err != nil {
		return err
	}
	for _, rec := range groups {
		side := g.ev.sources[rec.Endpoint]
		if side == nil || rec.Flags.Has(store.Gone) {
			g.sources[rec.N] = &sourceGroup{}
			continue
		}
		group, err := identity.DecodeGroup(rec.Record)
		if err != nil {
			return fmt.Errorf("group %q of %s: %w", rec.Ext, side.ref, err)
		}
		g.sources[rec.N] = g.mapped(&group, side)
	}
	return nil
}

func (g *groupSide) mapped(group *identity.Group, side *sourceSide) *sourceGroup {
	sg := &sourceGroup{name: group.Name, source: side.ref}
	if g.off {
		return sg
	}
	var trace mapping.Trace
	names, err := g.ev.sync.Rules.MapGroup(group, side.id, &trace)
	if err != nil {
		g.ev.warn("group %q of %s is left out: %v", identity.Visible(group.Name, 80), side.ref, err)
		return sg
	}
	where := ""
	if n := len(trace.Steps); n > 0 {
		where = rule(trace.Steps[n-1].Rule)
	}
	because := fmt.Sprintf("in group %q of %s", sg.name, sg.source)
	for _, name := range names {
		sg.wants = append(sg.wants, want{name: name, fold: identity.Fold(name), because: because, rule: where})
	}
	return sg
}

// namesOf are the names of the groups of each account, sorted.
func (g *groupSide) namesOf(accounts []store.Account) (map[store.ID][]string, error) {
	ns := make([]store.ID, len(accounts))
	for i := range accounts {
		ns[i] = accounts[i].N
	}
	sets, err := g.effective(ns)
	if err != nil {
		return nil, err
	}
	out := map[store.ID][]string{}
	for n, set := range sets {
		out[n] = g.names(set)
	}
	return out, nil
}

func (g *groupSide) names(set idset.Set) []string {
	names := make([]string, 0, len(set))
	for _, n := range set {
		if sg := g.sources[n]; sg.name != "" {
			names = append(names, sg.name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// wish is one membership that the rules want, with the reason.
type wish struct {
	target  *targetGroup
	because string
	rule    string
}

// wishes are the target groups that somebody in these source groups is to be in.
func (g *groupSide) wishes(set idset.Set, isNew bool) ([]wish, error) {
	ws := make([]want, 0, len(set)+len(g.ev.sync.Groups.ForAllUsers))
	for _, n := range set {
		ws = append(ws, g.sources[n].wants...)
	}
	for _, name := range g.ev.sync.Groups.ForAllUsers {
		ws = append(ws, want{name, identity.Fold(name), "everyone in the sync is in it", "groups.for_all_users"})
	}
	if isNew {
		for _, name := range g.ev.sync.Groups.ForNewUsers {
			ws = append(ws, want{name, identity.Fold(name), "everyone who is new is in it", "groups.for_new_users"})
		}
	}
	return g.resolve(ws)
}

// resolve finds the groups in the target. What several source groups make is wished
// once, for the first reason.
func (g *groupSide) resolve(ws []want) ([]wish, error) {
	if err := g.loadTargets(ws); err != nil {
		return nil, err
	}
	out := make([]wish, 0, len(ws))
	g.round++
	for _, w := range ws {
		t := g.targets[w.fold]
		if t.round == g.round {
			continue
		}
		t.round = g.round
		if t.n == 0 && t.rule == "" {
			t.rule = w.rule
		}
		out = append(out, wish{target: t, because: w.because, rule: w.rule})
	}
	return out, nil
}

func (g *groupSide) loadTargets(ws []want) error {
	var missing []string
	for _, w := range ws {
		if g.targets[w.fold] == nil {
			missing = append(missing, w.fold)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	found, err := g.ev.view.GroupsByName(g.ev.target, missing)
	if err != nil {
		return err
	}
	for _, w := range ws {
		if g.targets[w.fold] == nil {
			if err := g.target(w, found[w.fold]); err != nil {
				return err
			}
		}
	}
	return nil
}

// target decides what a wanted name means in the target.
func (g *groupSide) target(w want, found []store.Group) error {
	here := present(found)
	t := &targetGroup{ref: plan.Ref{Name: w.name}}
	g.targets[w.fold] = t
	switch {
	case len(here) == 1:
		group, err := identity.DecodeGroup(here[0].Record)
		if err != nil {
			return fmt.Errorf("group %q of the target: %w", here[0].Ext, err)
		}
		*t = describe(here[0].N, &group)
		g.byN[t.n] = t
	case len(here) > 1:
		t.refused = ambiguous(len(here))
	case !g.ev.sync.Groups.Create:
		t.refused = "the target has no such group and groups.create is false"
	case !g.kind.Can(schema.CreateGroup):
		t.refused = "the target has no such group and cannot create one"
	case g.kind.MaxNameLength > 0 && len([]rune(w.name)) > g.kind.MaxNameLength:
		t.refused = fmt.Sprintf("the target allows names of at most %d characters", g.kind.MaxNameLength)
	}
	if t.refused != "" {
		g.ev.warn("memberships of group %q are left alone: %s", w.name, t.refused)
	}
	return nil
}

func describe(n store.ID, group *identity.Group) targetGroup {
	return targetGroup{n: n, ref: plan.Ref{ID: group.ID, Name: group.Name, Note: group.Privileged}, refused: group.ReadOnly, note: group.Description}
}

// existing describes groups of the target by id, those of removals.
func (g *groupSide) existing(ns idset.Set) error {
	missing := slices.DeleteFunc(slices.Clone(ns), func(n store.ID) bool { return g.byN[n] != nil })
	groups, err := g.ev.view.Groups(missing)
	if err != nil {
		return err
	}
	folds := make([]string, len(groups))
	for i := range groups {
		folds[i] = groups[i].NameKey
	}
	named, err := g.ev.view.GroupsByName(g.ev.target, folds)
	if err != nil {
		return err
	}
	for _, rec := range groups {
		group, err := identity.DecodeGroup(rec.Record)
		if err != nil {
			return fmt.Errorf("group %q of the target: %w", rec.Ext, err)
		}
		t := describe(rec.N, &group)
		switch n := len(present(named[rec.NameKey])); {
		case rec.Flags.Has(store.Gone):
			t.refused = "the group is gone"
		case n > 1:
			t.refused, t.shared = ambiguous(n), true
		}
		g.byN[rec.N] = &t
	}
	return nil
}

// present are the groups that are not gone.
func present(groups []store.Group) []store.Group {
	return slices.DeleteFunc(slices.Clone(groups), func(x store.Group) bool { return x.Flags.Has(store.Gone) })
}

func ambiguous(n int) string { return fmt.Sprintf("%d groups of the target have this name", n) }

// mayRemove tells whether a membership that no rule wants is the gateway's to end. It
// is open when only the name of the group is in the way.
func (g *groupSide) mayRemove(n store.ID, ours idset.Set) (may, open bool) {
	t := g.byN[n]
	if t == nil || !ours.Has(n) && !(g.owns && g.managed[identity.Fold(t.ref.Name)]) {
		return false, false
	}
	return t.refused == "", t.shared
}
