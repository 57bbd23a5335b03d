package config

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/robfig/cron/v3"

	"syncgateway/core/diag"
)

// syncInput is a sync block as decoded; what holds expressions is read beside it.
type syncInput struct {
	Schedule scheduleInput `json:"schedule"`
	Users    usersInput    `json:"users"`
	Groups   groupsInput   `json:"groups"`
	Limits   limitsInput   `json:"limits"`
	Drift    driftInput    `json:"drift"`
}

type driftInput struct {
	Patience duration `json:"patience"`
	Compare  []string `json:"compare"`
}

type scheduleInput struct {
	Every     duration `json:"every"`
	Cron      string   `json:"cron"`
	FullEvery duration `json:"full_every"`
	On        []string `json:"on"`
}

type usersInput struct {
	Kind       string   `json:"kind"`
	Match      []string `json:"match"`
	Create     bool     `json:"create"`
	Update     bool     `json:"update"`
	Activate   bool     `json:"activate"`
	Deactivate bool     `json:"deactivate"`
	OnLeave    string   `json:"on_leave"`
	Grace      duration `json:"grace"`
}

type groupsInput struct {
	Kind         string   `json:"kind"`
	Mode         string   `json:"mode"`
	Create       bool     `json:"create"`
	KeepExisting bool     `json:"keep_existing"`
	Nested       string   `json:"nested"`
	OnLeave      string   `json:"on_leave"`
	ForNewUsers  []string `json:"for_new_users"`
	ForAllUsers  []string `json:"for_all_users"`
}

type limitsInput struct {
	MinPopulation *int         `json:"min_population"`
	Protect       []string     `json:"protect"`
	Floor         int          `json:"floor"`
	OnTrip        string       `json:"on_trip"`
	MaxShrink     float64      `json:"max_shrink"`
	MaxLookups    int          `json:"max_lookups"`
	Approvers     int          `json:"approvers"`
	ApprovalLasts duration     `json:"approval_lasts"`
	Deactivate    []limitInput `json:"deactivate"`
	Delete        []limitInput `json:"delete"`
	RemoveMember  []limitInput `json:"remove_member"`
	DeleteGroup   []limitInput `json:"delete_group"`
	Update        []limitInput `json:"update"`
	Privileged    []limitInput `json:"privileged"`
}

type limitInput struct {
	Count    *int     `json:"count"`
	Percent  *float64 `json:"percent"`
	Per      duration `json:"per"`
	PerGroup bool     `json:"per_group"`
}

// syncParts is a sync block taken apart into what is evaluated now and what is
// compiled.
type syncParts struct {
	plain     *hclsyntax.Body
	top       map[string]*hclsyntax.Attribute // from, to, join
	users     map[string]*hclsyntax.Attribute // include
	mapping   *hclsyntax.Block
	groups    map[string]*hclsyntax.Attribute // include, name, map
	hasGroups bool
}

func takeApart(b *hclsyntax.Block) syncParts {
	var parts syncParts
	parts.plain, parts.top = without(b.Body, "from", "to", "join")
	blocks := slices.Clone(parts.plain.Blocks)
	written := map[string]bool{}
	for i, n := range blocks {
		if written[n.Type] {
			continue
		}
		written[n.Type] = true
		inner := *n
		switch n.Type {
		case "users":
			inner.Body, parts.users = without(n.Body, "include")
			inner.Body, parts.mapping = withoutBlock(inner.Body, "map")
		case "groups":
			inner.Body, parts.groups = without(n.Body, "include", "name", "map")
		}
		blocks[i] = &inner
	}
	parts.hasGroups = written["groups"]
	// Blocks that are not written are read as empty ones, for their defaults.
	for _, name := range []string{"schedule", "users", "groups", "limits", "drift"} {
		if !written[name] {
			blocks = append(blocks, &hclsyntax.Block{Type: name, TypeRange: b.TypeRange, OpenBraceRange: b.OpenBraceRange, CloseBraceRange: b.CloseBraceRange, Body: emptyBody(b.DefRange())})
		}
	}
	parts.plain.Blocks = blocks
	return parts
}

func (p *parser) sync(b *hclsyntax.Block) {
	s := &Sync{Name: b.Labels[0], Range: b.DefRange(), ranges: map[string]hcl.Range{}, block: b}
	collectRanges(b.Body, "", s.ranges)
	parts := takeApart(b)
	errorsBefore := len(p.diags)
	s.From = p.from(parts.top["from"], s.Range)
	s.To = p.to(parts.top["to"], s.Range)
	var in syncInput
	if p.decode(parts.plain, syncBlock, s.Range, &in) {
		s.Schedule = in.Schedule.schedule()
		s.Users = in.Users.users()
		s.Groups = in.Groups.groups(parts.hasGroups)
		s.Limits = p.limits(&in.Limits, limitRanges(b.Body))
		s.Drift = Drift{Patience: in.Drift.Patience.d(), Compare: in.Drift.Compare}
		p.checkSchedule(s)
	} else {
		s.Groups.Mode = in.Groups.Mode
	}
	p.rules(s, parts)
	p.config.Syncs = append(p.config.Syncs, s)
	if !p.diags[errorsBefore:].HasErrors() {
		p.checkSync(s, parts)
		s.Epoch = p.epoch(s, b)
	}
}

// collectRanges notes the place of every attribute and block below a body.
func collectRanges(body *hclsyntax.Body, prefix string, into map[string]hcl.Range) {
	for _, a := range attributesOf(body) {
		into[prefix+a.Name] = a.SrcRange
	}
	for _, n := range body.Blocks {
		into[prefix+n.Type] = n.DefRange()
		collectRanges(n.Body, prefix+n.Type+".", into)
	}
}

func (in scheduleInput) schedule() Schedule {
	return Schedule{Every: in.Every.d(), Cron: in.Cron, FullEvery: in.FullEvery.d(),
		OnEvent: slices.Contains(in.On, "event"), OnLogin: slices.Contains(in.On, "login")}
}

func (in usersInput) users() Users {
	return Users{Kind: in.Kind, Match: in.Match, Create: in.Create, Update: in.Update, Activate: in.Activate,
		Deactivate: in.Deactivate, OnLeave: in.OnLeave, Grace: in.Grace.d()}
}

func (in groupsInput) groups(written bool) Groups {
	g := Groups(in)
	if !written {
		g.Mode = GroupsOff
	}
	return g
}

func (p *parser) limits(in *limitsInput, ranges map[string][]hcl.Range) Limits {
	l := defaultLimits()
	for _, c := range []struct {
		name string
		to   *[]Limit
		in   []limitInput
	}{
		{"deactivate", &l.Deactivate, in.Deactivate}, {"delete", &l.Delete, in.Delete}, {"remove_member", &l.RemoveMember, in.RemoveMember},
		{"delete_group", &l.DeleteGroup, in.DeleteGroup}, {"update", &l.Update, in.Update}, {"privileged", &l.Privileged, in.Privileged},
	} {
		var written []Limit
		for i := range c.in {
			written = append(written, p.limit(&c.in[i], *c.to, ranges[c.name][i]))
		}
		if len(written) > 0 {
			*c.to = written
		}
	}
	if in.MinPopulation != nil {
		l.MinPopulation = *in.MinPopulation
	}
	l.Protect, l.Floor, l.OnTrip, l.MaxShrink = in.Protect, in.Floor, in.OnTrip, in.MaxShrink
	l.MaxLookups, l.Approvers, l.ApprovalLasts = in.MaxLookups, in.Approvers, in.ApprovalLasts.d()
	return l
}

// limitRanges are the places of the budgets of a sync block by class, in their order.
func limitRanges(body *hclsyntax.Body) map[string][]hcl.Range {
	out := map[string][]hcl.Range{}
	for _, limits := range body.Blocks {
		if limits.Type != "limits" {
			continue
		}
		for _, n := range limits.Body.Blocks {
			out[n.Type] = append(out[n.Type], n.DefRange())
		}
	}
	return out
}

// limit is what a block says. One that sets neither count nor percent has both of its
// class's default.
func (p *parser) limit(in *limitInput, byDefault []Limit, at hcl.Range) Limit {
	l := Limit{Count: Unlimited, Percent: Unlimited, Per: in.Per.d(), PerGroup: in.PerGroup, Range: at}
	switch {
	case in.Count == nil && in.Percent == nil && len(byDefault) > 0:
		l.Count, l.Percent = byDefault[0].Count, byDefault[0].Percent
	case in.Count == nil && in.Percent == nil:
		p.errorf("config.missing_setting", at, "Missing setting", "A limit has a count, a percent, or both: update { count = 500 }.")
	}
	if in.Count != nil {
		l.Count = *in.Count
	}
	if in.Percent != nil {
		l.Percent = *in.Percent
	}
	return l
}

func (p *parser) checkSchedule(s *Sync) {
	if s.Schedule.Cron == "" {
		return
	}
	at := s.RangeOf("schedule.cron")
	if s.Schedule.Every != 0 {
		p.errorf("config.conflict", at, "Conflicting settings", "schedule has every and cron. Leave one of them out.")
	}
	if _, err := cron.ParseStandard(s.Schedule.Cron); err != nil {
		p.errorf("config.value", at, "Not a cron expression", "%q is none: %v. It has five fields, minute hour day month weekday: \"*/15 * * * *\".", s.Schedule.Cron, err)
	}
}

// from reads the list of sources.
func (p *parser) from(a *hclsyntax.Attribute, at hcl.Range) []*Connector {
	if a == nil {
		p.errorf("config.missing_setting", at, "Missing setting", "%q is required: the sources in order of precedence, from = [source.TYPE.NAME].", "from")
		return nil
	}
	exprs, diags := hcl.ExprList(a.Expr)
	if diags.HasErrors() {
		exprs = []hcl.Expression{a.Expr}
	}
	if len(exprs) == 0 {
		p.errorf("config.value", a.Expr.Range(), "No source", "A sync needs at least one source: from = [source.TYPE.NAME].")
	}
	var out []*Connector
	for _, e := range exprs {
		x := p.reference(e, rootSource)
		if x != nil && slices.Contains(out, x) {
			p.errorf("config.duplicate", e.Range(), "Duplicate source", "%s is in the list already.", x.Ref())
			continue
		}
		if x != nil {
			out = append(out, x)
		}
	}
	return out
}

func (p *parser) to(a *hclsyntax.Attribute, at hcl.Range) *Connector {
	if a == nil {
		p.errorf("config.missing_setting", at, "Missing setting", "%q is required: the target, to = target.TYPE.NAME.", "to")
		return nil
	}
	return p.reference(a.Expr, rootTarget)
}

// reference reads the address of a block.
func (p *parser) reference(e hcl.Expression, root string) *Connector {
	t, diags := hcl.AbsTraversalForExpr(e)
	if diags.HasErrors() {
		p.errorf("config.reference", e.Range(), "Not a reference", "A reference to a block is needed here, without quotes: %s.TYPE.NAME.", root)
		return nil
	}
	ref, _ := nameOf(t)
	x := p.config.Connector(ref)
	switch {
	case t.RootName() != root:
		p.errorf("config.reference", e.Range(), "Wrong block", "A %s belongs here: %s.TYPE.NAME.", root, root)
		return nil
	case x == nil:
		p.errorf("config.dangling_reference", e.Range(), "Dangling reference", "There is no block %s.%s", ref, diag.Suggest(ref, p.refs(root)))
	case len(t) != 3:
		p.errorf("config.reference", e.Range(), "Not a block", "The block itself belongs here: %s.", x.Ref())
	}
	return x
}

func (p *parser) refs(root string) []string {
	var out []string
	for _, x := range p.config.Connectors() {
		if x.Ref()[:len(root)] == root {
			out = append(out, x.Ref())
		}
	}
	return out
}
