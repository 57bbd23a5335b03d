package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/plan"
	"syncgateway/core/store"
)

// GroupExplanation says, for one group of the target, which source groups make it, who
// is to be in it and why, who is in it, and what was done.
type GroupExplanation struct {
	Sync    string            `json:"sync"`
	Name    string            `json:"name"`
	Target  *TargetGroupView  `json:"target,omitempty"` // nil: the target has no such group
	Sources []SourceGroupView `json:"sources"`          // that make it
	Members []GroupMember     `json:"members"`
	More    int               `json:"more,omitempty"` // members that are not listed
	Steps   []plan.Step       `json:"steps"`          // what a run would do now, to the group and its members
	Usage   *plan.Impact      `json:"usage,omitempty"`
	History []OperationView   `json:"history"` // newest first
	If      string            `json:"if,omitempty"`
}

// TargetGroupView is the group in the target.
type TargetGroupView struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Made        bool   `json:"made"` // by the gateway
	Retired     bool   `json:"retired,omitempty"`
	Gone        bool   `json:"gone,omitempty"`
	Privileged  string `json:"privileged,omitempty"`
	ReadOnly    string `json:"read_only,omitempty"`
	Members     int    `json:"members"`
	Ours        int    `json:"ours"` // of them, added by the gateway
}

// SourceGroupView is a source group that makes the group.
type SourceGroupView struct {
	Source  string `json:"source"`
	Group   string `json:"group"`
	ID      string `json:"id"`
	Rule    string `json:"rule,omitempty"`
	Members int    `json:"members"`          // directly
	Nested  int    `json:"nested,omitempty"` // groups in it
}

// GroupMember is somebody who is in the group, or is to be.
type GroupMember struct {
	Person  string   `json:"person"`
	There   bool     `json:"there"`
	Ours    bool     `json:"ours,omitempty"`
	Because string   `json:"because,omitempty"` // empty: no rule wants it
	Rule    string   `json:"rule,omitempty"`
	Path    []string `json:"path,omitempty"`
}

// ErrUnknownGroup: neither the target nor a source has the group.
var ErrUnknownGroup = errors.New("neither the target nor a source of the sync has this group")

// mostMembers bounds how many members an explanation lists.
const mostMembers = 500

// groupQuestion is an explanation of a group in the making.
type groupQuestion struct {
	*GroupExplanation
	ev      *evaluation
	v       store.Reader
	fold    string
	n       store.ID // in the target
	within  idset.Set
	makers  map[store.ID]SourceGroupView
	current idset.Set
	because map[store.ID]GroupMember // by person: who is to be in it
}

// ExplainGroup explains a group, by its name in the target or in a source, from what
// was last read. It changes nothing.
func (e *Engine) ExplainGroup(ctx context.Context, q Question) (*GroupExplanation, error) {
	s, conn, err := e.asked(ctx, q)
	if err != nil {
		return nil, err
	}
	x := &GroupExplanation{Sync: q.Sync, Name: q.Group, If: q.supposed(), Sources: []SourceGroupView{}, Members: []GroupMember{},
		Steps: []plan.Step{}, History: []OperationView{}}
	err = e.Store.View(ctx, func(v store.Reader) error {
		ev, err := e.readOnly(v, s, conn.Description())
		if err != nil {
			return err
		}
		g := &groupQuestion{GroupExplanation: x, ev: ev, v: v, makers: map[store.ID]SourceGroupView{}, because: map[store.ID]GroupMember{}}
		return g.answer(q.Group)
	})
	if err == nil && q.Usage && x.Target != nil {
		r := &run{Engine: e, sync: s, conn: conn, report: &Report{}}
		ends := []plan.Impact{{Group: plan.Ref{ID: x.Target.ID, Name: x.Target.Name}, What: "asked about"}}
		r.usage(ctx, ends)
		x.Usage = &ends[0]
	}
	return x, err
}

func (g *groupQuestion) answer(name string) error {
	if err := g.ev.bare(g.v); err != nil {
		return err
	}
	if err := g.find(identity.Fold(name)); err != nil {
		return err
	}
	people, err := g.people()
	if err != nil {
		return err
	}
	g.ev.only, g.ev.watch = people, g.wants
	if len(people) == 0 {
		g.ev.only = []store.ID{} // nobody, not everybody who is marked
	}
	if err := g.ev.run(g.v); err != nil {
		return err
	}
	for _, s := range g.ev.plan(plan.Header{}).Steps.List() {
		if s.Group != nil && identity.Fold(s.Group.Name) == g.fold {
			g.Steps = append(g.Steps, s)
		}
	}
	if err := g.members(); err != nil {
		return err
	}
	return g.history()
}

// find looks for the group: the source groups that make a target group of the name,
// else one of a source that has it itself.
func (g *groupQuestion) find(fold string) error {
	if err := g.ev.groups.loadManaged(); err != nil {
		return err
	}
	g.fold = fold
	makes := func(w want) bool { return w.fold == g.fold }
	if !g.ev.groups.managed[fold] {
		for _, sg := range g.ev.groups.sources {
			if identity.Fold(sg.name) == fold && len(sg.wants) > 0 {
				g.fold = sg.wants[0].fold
			}
		}
	}
	for n, sg := range g.ev.groups.sources {
		if i := slices.IndexFunc(sg.wants, makes); i >= 0 {
			g.makers[n] = SourceGroupView{Source: sg.source, Group: sg.name, Rule: sg.wants[i].rule}
			g.within = append(g.within, n)
		}
	}
	g.within = idset.Of(g.within)
	if err := g.fillSources(); err != nil {
		return err
	}
	return g.fillTarget()
}

func (g *groupQuestion) fillSources() error {
	rows, err := g.v.Groups(g.within)
	if err != nil {
		return err
	}
	sets, err := g.v.GroupSets(g.within)
	if err != nil {
		return err
	}
	size := map[store.ID]store.GroupSet{}
	for _, s := range sets {
		size[s.N] = s
	}
	for _, row := range rows {
		view := g.makers[row.N]
		view.ID, view.Members, view.Nested = row.Ext, len(size[row.N].Users), len(size[row.N].Children)
		g.Sources = append(g.Sources, view)
	}
	slices.SortFunc(g.Sources, func(a, b SourceGroupView) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Group, b.Group))
	})
	return nil
}

func (g *groupQuestion) fillTarget() error {
	found, err := g.v.GroupsByName(g.ev.target, []string{g.fold})
	if err != nil {
		return err
	}
	rows := found[g.fold]
	slices.SortStableFunc(rows, func(a, b store.Group) int { return int(a.Flags&store.Gone) - int(b.Flags&store.Gone) })
	if len(rows) == 0 {
		if len(g.Sources) == 0 {
			return fmt.Errorf("%w: %q", ErrUnknownGroup, identity.Visible(g.Name, 80))
		}
		return nil
	}
	row := rows[0]
	group, err := identity.DecodeGroup(row.Record)
	if err != nil {
		return err
	}
	own, err := g.v.OwnGroups(g.ev.sid)
	if err != nil {
		return err
	}
	retired, err := g.v.RetiredGroups(g.ev.sid)
	if err != nil {
		return err
	}
	sets, err := g.v.GroupSets([]store.ID{row.N})
	if len(sets) > 0 {
		g.current = sets[0].Users
	}
	g.n = row.N
	g.Target = &TargetGroupView{ID: row.Ext, Name: group.Name, Description: group.Description, Made: slices.Contains(own, row.N),
		Retired: slices.Contains(retired, row.N), Gone: row.Flags.Has(store.Gone), Privileged: group.Privileged, ReadOnly: group.ReadOnly, Members: len(g.current)}
	return err
}

// people are the accounts of everybody who is in the group, or in a source group that
// makes it.
func (g *groupQuestion) people() ([]store.ID, error) {
	ns := slices.Clone(g.current)
	seen := map[store.ID]bool{}
	for next := slices.Clone(g.within); len(next) > 0; {
		sets, err := g.v.GroupSets(idset.Of(next))
		if err != nil {
			return nil, err
		}
		next = next[:0:0]
		for _, s := range sets {
			ns = append(ns, s.Users...)
			if g.ev.groups.parents == nil {
				continue // nested groups do not count
			}
			for _, child := range s.Children {
				if !seen[child] {
					seen[child] = true
					next = append(next, child)
				}
			}
		}
	}
	return idset.Of(ns), nil
}

// wants notes who is to be in the group.
func (g *groupQuestion) wants(s *someone, wishes []wish) {
	for _, w := range wishes {
		if identity.Fold(w.target.ref.Name) != g.fold {
			continue
		}
		m := GroupMember{Because: w.because, Rule: w.rule}
		if direct, err := g.ev.groups.direct(s.accounts); err == nil {
			m.Path = g.ev.groups.path(direct, s.groups, g.fold)
		}
		g.because[s.person.P] = m
	}
}

func (g *groupQuestion) members() error {
	sets, err := g.v.AccountSets(g.current)
	if err != nil {
		return err
	}
	ours := map[store.ID]bool{}
	for _, s := range sets {
		if ours[s.N] = s.Ours.Has(g.n); ours[s.N] {
			g.Target.Ours++
		}
	}
	listed := map[store.ID]bool{}
	_ = g.ev.results.each(func(r *personResult) error { // no error of its own
		m := g.because[r.person.P]
		m.There = r.link != 0 && g.current.Has(r.link)
		m.Ours = m.There && ours[r.link]
		if m.There || m.Because != "" {
			m.Person = r.person.Label
			g.Members = append(g.Members, m)
		}
		listed[r.link] = true
		return nil
	})
	strangers := slices.DeleteFunc(slices.Clone(g.current), func(n store.ID) bool { return listed[n] })
	accounts, err := g.ev.targetAccounts(strangers)
	for n, a := range accounts {
		g.Members = append(g.Members, GroupMember{Person: a.label(), There: true, Ours: ours[n]})
	}
	slices.SortFunc(g.Members, func(a, b GroupMember) int { return strings.Compare(a.Person, b.Person) })
	if n := len(g.Members); n > mostMembers {
		g.Members, g.More = g.Members[:mostMembers], n-mostMembers
	}
	return err
}

func (g *groupQuestion) history() error {
	ops, err := g.v.OperationsOnGroup(g.n, historyLimit)
	if err != nil {
		return err
	}
	for _, op := range ops {
		view, err := ViewOperation(op)
		if err != nil {
			return err
		}
		g.History = append(g.History, view)
	}
	return nil
}
