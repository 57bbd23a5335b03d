package mapping

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"syncgateway/core/identity"
)

// GroupSpec is the part of a sync's groups block that maps names.
type GroupSpec struct {
	Off     bool           // no groups block: MapGroup maps nothing
	Mapped  bool           // Map decides, not Name
	Include hcl.Expression // default: every group
	Name    hcl.Expression // by name; default: the same name
	Map     []GroupMapping // in the order of the file
}

// GroupMapping is one line of groups.map. A key between slashes is a pattern that
// the whole name is searched with, and its targets may refer to its groups as $1.
type GroupMapping struct {
	Key     string
	Targets []string
	Range   hcl.Range
}

type groupRules struct {
	off, mapped bool
	include     *rule
	name        *rule
	exact       map[string][]mappedGroup
	patterns    []mappedGroup
}

type mappedGroup struct {
	Rule
	pattern *regexp.Regexp // nil: exact
	targets []string
}

func compileGroups(spec GroupSpec, scope Scope, diags *hcl.Diagnostics) groupRules {
	g := groupRules{off: spec.Off, mapped: spec.Mapped, exact: map[string][]mappedGroup{}}
	g.include = compileRule("groups.include", spec.Include, Bool, scope, diags)
	if !spec.Mapped {
		g.name = compileRule("groups.name", spec.Name, String, scope, diags)
		return g
	}
	for _, m := range spec.Map {
		g.addMapping(m, diags)
	}
	return g
}

func (g *groupRules) addMapping(m GroupMapping, diags *hcl.Diagnostics) {
	entry := mappedGroup{Rule: Rule{Name: fmt.Sprintf("groups.map[%q]", m.Key), Range: m.Range}, targets: m.Targets}
	if len(m.Key) < 3 || m.Key[0] != '/' || m.Key[len(m.Key)-1] != '/' {
		key := normal(m.Key)
		g.exact[key] = append(g.exact[key], entry)
		return
	}
	re, err := regexp.Compile(m.Key[1 : len(m.Key)-1])
	if err != nil {
		r := m.Range
		*diags = append(*diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Invalid pattern",
			Detail: fmt.Sprintf("A key between slashes is an RE2 pattern, and this is none: %s. It could never match a group.", reason(err)), Subject: &r})
		return
	}
	entry.pattern = re
	g.patterns = append(g.patterns, entry)
}

// MapGroup gives the names of the target groups that a source group's members are to
// be in, each once. None: the rules leave the group out.
func (r *Rules) MapGroup(g *identity.Group, source string, trace *Trace) ([]string, error) {
	if r.groups.off {
		return nil, nil
	}
	in := r.input()
	defer r.release(in)
	in.Group, in.Source = g, source
	if included, err := r.groups.includes(in, trace); err != nil || !included {
		return nil, err
	}
	if r.groups.mapped {
		return r.groups.mapTo(normal(g.Name), trace), nil
	}
	return r.groups.rename(in, trace)
}

// IncludesGroup tells whether groups.include holds for a source group.
func (r *Rules) IncludesGroup(g *identity.Group, source string) (bool, error) {
	in := r.input()
	defer r.release(in)
	in.Group, in.Source = g, source
	return r.groups.includes(in, nil)
}

// GroupMappings is the number of lines in groups.map.
func (r *Rules) GroupMappings() int { return len(r.groups.exact) + len(r.groups.patterns) }

func (g *groupRules) includes(in *Input, trace *Trace) (bool, error) {
	if g.include == nil {
		return true, nil
	}
	v, err := g.include.eval(in, trace)
	return err == nil && v.n == 1, err
}

func (g *groupRules) rename(in *Input, trace *Trace) ([]string, error) {
	name := strings.TrimSpace(normal(in.Group.Name))
	if g.name == nil {
		trace.note(Rule{Name: "groups.name"}, name)
	} else {
		v, err := g.name.eval(in, trace)
		if err != nil {
			return nil, err
		}
		name = strings.TrimSpace(v.Text())
	}
	if name == "" {
		err := &RecordError{Rule: Rule{Name: "groups.name"}, Summary: "Empty group name",
			Detail: "The rule gives this group no name. Leave it out with groups.include, or change groups.name."}
		if g.name != nil {
			err.Rule.Range = g.name.Range
		}
		return nil, err
	}
	return []string{name}, nil
}

func (g *groupRules) mapTo(name string, trace *Trace) []string {
	var out []string
	add := func(m mappedGroup, targets ...string) {
		trace.note(m.Rule, strings.Join(targets, ", "))
		for _, t := range targets {
			if t != "" && !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	for _, m := range g.exact[name] {
		add(m, m.targets...)
	}
	for _, m := range g.patterns {
		match := m.pattern.FindStringSubmatchIndex(name)
		if match == nil {
			continue
		}
		targets := make([]string, len(m.targets))
		for i, t := range m.targets {
			targets[i] = string(m.pattern.ExpandString(nil, t, name, match))
		}
		add(m, targets...)
	}
	return out
}

func (t *Trace) note(rule Rule, value string) {
	if t != nil {
		t.Steps = append(t.Steps, TraceStep{Rule: rule, Value: value})
	}
}
