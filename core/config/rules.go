package config

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"syncgateway/core/diag"
	"syncgateway/core/identity"
	"syncgateway/core/mapping"
)

// rules compiles the expressions of a sync.
func (p *parser) rules(s *Sync, parts syncParts) {
	spec := mapping.Spec{Join: expressionOf(parts.top["join"]), Include: expressionOf(parts.users["include"]),
		Groups: mapping.GroupSpec{Off: s.Groups.Mode == GroupsOff, Mapped: s.Groups.Mode == GroupsMapped,
			Include: expressionOf(parts.groups["include"]), Name: expressionOf(parts.groups["name"])}}
	if parts.mapping != nil {
		spec.Map = p.fields(parts.mapping)
	}
	if a := parts.groups["map"]; a != nil {
		spec.Groups.Map = p.groupMap(a)
	}
	ctx, diags := p.config.names.contextFor(localsIn(spec))
	p.diags = append(p.diags, diags...)
	if diags.HasErrors() {
		return
	}
	spec.Scope = mapping.Scope{Constants: map[string]cty.Value{rootLocal: ctx.Variables[rootLocal]}, Functions: p.config.names.functions}
	rules, hclDiags := mapping.NewRules(spec)
	p.diags = append(p.diags, diag.FromHCL("config.rule", hclDiags)...)
	s.Rules = rules
}

// localsIn are the locals that a sync's expressions refer to.
func localsIn(spec mapping.Spec) []hcl.Traversal {
	var out []hcl.Traversal
	for _, e := range expressionsOf(spec) {
		for _, t := range e.Variables() {
			if t.RootName() == rootLocal {
				out = append(out, t)
			}
		}
	}
	return out
}

func expressionsOf(spec mapping.Spec) []hcl.Expression {
	all := []hcl.Expression{spec.Join, spec.Include, spec.Groups.Include, spec.Groups.Name}
	for _, f := range spec.Map {
		all = append(all, f.Expr)
	}
	return slices.DeleteFunc(all, func(e hcl.Expression) bool { return e == nil })
}

// fields reads users.map. It is never nil: an empty block manages nothing.
func (p *parser) fields(b *hclsyntax.Block) []mapping.FieldSpec {
	names := make([]string, 0, len(mapBlock.Fields))
	for _, f := range mapBlock.Fields {
		names = append(names, f.Name)
	}
	rest, exprs := without(b.Body, names...)
	p.decode(rest, mapBlock, b.DefRange(), &struct{}{})
	fields := []mapping.FieldSpec{}
	for _, name := range names {
		a := exprs[name]
		switch {
		case a == nil:
		case name == "attributes":
			fields = append(fields, p.attributes(a)...)
		default:
			fields = append(fields, mapping.FieldSpec{Name: name, Expr: a.Expr})
		}
	}
	return fields
}

func (p *parser) attributes(a *hclsyntax.Attribute) []mapping.FieldSpec {
	pairs, diags := hcl.ExprMap(a.Expr)
	if diags.HasErrors() {
		p.errorf("config.value", a.Expr.Range(), "Not a map", "attributes is a map of expressions by attribute: attributes = { department = user.department }.")
		return nil
	}
	var out []mapping.FieldSpec
	for _, pair := range pairs {
		name, ok := p.key(pair.Key)
		if !ok {
			continue
		}
		name = "attributes." + name
		if slices.ContainsFunc(out, func(f mapping.FieldSpec) bool { return f.Name == name }) {
			p.errorf("config.duplicate", pair.Key.Range(), "Duplicate attribute", "%s is set twice.", name)
			continue
		}
		out = append(out, mapping.FieldSpec{Name: name, Expr: pair.Value})
	}
	return out
}

// key is the constant key of a map's item.
func (p *parser) key(e hcl.Expression) (string, bool) {
	v, diags := e.Value(nil)
	if diags.HasErrors() || v.Type() != cty.String || v.IsNull() || !v.IsKnown() || v.AsString() == "" {
		p.errorf("config.value", e.Range(), "Not a name", "A constant name is needed here.")
		return "", false
	}
	return v.AsString(), true
}

// groupMap reads groups.map: constants, in the order of the file.
func (p *parser) groupMap(a *hclsyntax.Attribute) []mapping.GroupMapping {
	ctx, diags := p.config.names.contextFor(a.Expr.Variables())
	p.diags = append(p.diags, diags...)
	if diags.HasErrors() {
		return nil
	}
	pairs, notLiteral := hcl.ExprMap(a.Expr)
	if notLiteral.HasErrors() {
		return p.groupMapValue(a, ctx)
	}
	var out []mapping.GroupMapping
	for _, pair := range pairs {
		key, ok := p.key(pair.Key)
		if !ok {
			continue
		}
		if slices.ContainsFunc(out, func(m mapping.GroupMapping) bool { return m.Key == key }) {
			p.errorf("config.duplicate", pair.Key.Range(), "Duplicate group", "%q is mapped twice. Give it all its targets in one list.", key)
			continue
		}
		v, diags := pair.Value.Value(ctx)
		p.diags = append(p.diags, diag.FromHCL("config.value", diags)...)
		if !diags.HasErrors() {
			out = append(out, mapping.GroupMapping{Key: key, Targets: p.targets(key, v, pair.Value.Range()), Range: pair.Key.Range()})
		}
	}
	return out
}

// groupMapValue reads a map that is not written in place, such as local.groups.
func (p *parser) groupMapValue(a *hclsyntax.Attribute, ctx *hcl.EvalContext) []mapping.GroupMapping {
	v, diags := a.Expr.Value(ctx)
	p.diags = append(p.diags, diag.FromHCL("config.value", diags)...)
	if diags.HasErrors() {
		return nil
	}
	if v.ContainsMarked() || !v.IsWhollyKnown() || v.IsNull() || !v.Type().IsObjectType() && !v.Type().IsMapType() {
		p.errorf("config.value", a.Expr.Range(), "Not a map", "map gives target groups by source group: map = { \"okta-admins\" = [\"jira-administrators\"] }.")
		return nil
	}
	var out []mapping.GroupMapping
	for it := v.ElementIterator(); it.Next(); {
		key, item := it.Element()
		out = append(out, mapping.GroupMapping{Key: key.AsString(), Targets: p.targets(key.AsString(), item, a.Expr.Range()), Range: a.Expr.Range()})
	}
	return out
}

func (p *parser) targets(key string, v cty.Value, at hcl.Range) []string {
	if v.Type() == cty.String && !v.IsNull() && !v.IsMarked() {
		v = cty.ListVal([]cty.Value{v})
	}
	list, err := convert.Convert(v, cty.List(cty.String))
	if err != nil || list.ContainsMarked() || !list.IsWhollyKnown() || list.IsNull() || list.LengthInt() == 0 {
		p.errorf("config.value", at, "No target group", "%q maps to nothing. Give the names of target groups: [\"jira-administrators\"].", key)
		return nil
	}
	var out []string
	for it := list.ElementIterator(); it.Next(); {
		_, item := it.Element()
		if item.IsNull() || strings.TrimSpace(item.AsString()) == "" {
			p.errorf("config.value", at, "Empty group name", "A target group of %q has no name.", key)
			continue
		}
		out = append(out, item.AsString())
	}
	return out
}

// checkSync finds rules that can do nothing, and settings that do not go together.
func (p *parser) checkSync(s *Sync, parts syncParts) {
	if len(s.From) > 1 && !s.Rules.Joins() {
		p.errorf("config.missing_setting", s.RangeOf("from"), "Missing setting", "With several sources the sync must say how the same person is recognised: join = lower(user.email).")
	}
	p.checkConstant(s)
	for _, key := range s.Users.Match {
		if key != "external_id" && !s.Rules.Manages(key) {
			p.errorf("config.conflict", s.RangeOf("users.match"), "Nothing to match by", "Accounts are found by %s, but users.map does not set it. Add %s to users.map, or change users.match.", key, key)
		}
	}
	if !s.Users.Deactivate && s.ranges["users.on_leave"].Filename != "" && s.Users.OnLeave != LeaveKeep {
		p.warnf("config.ineffective", s.RangeOf("users.on_leave"), "Setting without effect", "users.deactivate = false overrides on_leave: nobody who leaves loses access.")
	}
	p.checkGroups(s, parts)
}

func (p *parser) checkConstant(s *Sync) {
	if isConstant(s.Rules, "users.include") {
		if account, err := s.Rules.MapUser(&identity.User{}, nil, "", nil); err == nil && !account.In {
			p.errorf("config.never", s.RangeOf("users.include"), "Rule that never matches", "users.include is false for everyone: nobody would have an account.")
		}
	}
	for _, field := range []string{mapping.FieldUsername, mapping.FieldEmail} {
		if isConstant(s.Rules, "users.map."+field) {
			p.errorf("config.constant", s.RangeOf("users.map."+field), "The same for everyone", "%s must differ from person to person, but this reads nothing of the user.", field)
		}
	}
}

func (p *parser) checkGroups(s *Sync, parts syncParts) {
	at := func(name string) hcl.Range { return s.RangeOf("groups." + name) }
	switch s.Groups.Mode {
	case GroupsOff:
		if len(s.Groups.ForAllUsers)+len(s.Groups.ForNewUsers) > 0 {
			p.errorf("config.conflict", at("mode"), "Conflicting settings", "for_new_users and for_all_users need groups: set mode to %s or %s.", GroupsByName, GroupsMapped)
		}
	case GroupsMapped:
		if s.Rules.GroupMappings() == 0 {
			p.errorf("config.never", at("mode"), "Rule that never matches", "mode is %q, but map is empty: no group would be kept. Add map = { \"source group\" = [\"target group\"] }.", GroupsMapped)
		}
		if parts.groups["name"] != nil {
			p.warnf("config.ineffective", at("name"), "Setting without effect", "name is used when mode is %q; here it is %q, and map decides.", GroupsByName, GroupsMapped)
		}
	case GroupsByName:
		if parts.groups["map"] != nil {
			p.warnf("config.ineffective", at("map"), "Setting without effect", "map is used when mode is %q; here it is %q.", GroupsMapped, s.Groups.Mode)
		}
	}
	if parts.groups["include"] != nil && isConstant(s.Rules, "groups.include") && s.Groups.Mode != GroupsOff {
		if included, err := s.Rules.IncludesGroup(&identity.Group{Name: "any"}, ""); err == nil && !included {
			p.errorf("config.never", at("include"), "Rule that never matches", "groups.include is false for every group.")
		}
	}
	if parts.groups["name"] != nil && isConstant(s.Rules, "groups.name") {
		p.warnf("config.constant", at("name"), "The same for every group", "name reads nothing of the group: the members of all included groups end up in one.")
	}
}

// isConstant tells whether a rule is written and reads nothing of the record.
func isConstant(r *mapping.Rules, name string) bool {
	reads, ok := r.ReadsOf(name)
	return ok && len(reads) == 0
}
