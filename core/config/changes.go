package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"syncgateway/core/identity"
)

// Change is one setting that a sync has another value for than it had. Where is its
// place in the new file; of a setting that is gone, the block that it was in.
type Change struct {
	Setting string `json:"setting"` // "users.include", `groups.map["okta-admins"]`, "local.staff", "source.okta.corp"
	File    string `json:"file"`
	Line    int    `json:"line"`
	Before  string `json:"before,omitempty"` // as it is written, on one line; empty: not written
	After   string `json:"after,omitempty"`
}

// Where is the place of a change: "gateway.hcl line 41".
func (c Change) Where() string {
	if c.Line == 0 {
		return "the environment"
	}
	return fmt.Sprintf("%s line %d", c.File, c.Line)
}

// setting is the text and place of what is written.
type setting struct {
	text  string // without layout
	shown string
	at    hcl.Range
}

func (p *parser) setting(value, at hcl.Range) setting {
	src := string(p.config.src[value.Start.Byte:value.End.Byte])
	return setting{p.canonical(value), identity.Visible(strings.Join(strings.Fields(src), " "), 300), at}
}

// Changes are the settings of a sync that decide who gets what, so not its schedule and
// limits, in which two configurations differ. Both are given as they were kept, and as
// that parses.
func Changes(was Kept, old *Config, is Kept, now *Config, sync string) []Change {
	a, b := old.Sync(sync), now.Sync(sync)
	before, after := old.settings(a), now.settings(b)
	var out []Change
	for _, name := range slices.Sorted(maps.Keys(union(before, after))) {
		x, y := before[name], after[name]
		if x.text == y.text {
			continue
		}
		if y.at.Filename == "" {
			y.at = b.RangeOf(strings.Split(name, "[")[0])
		}
		out = append(out, Change{Setting: name, File: y.at.Filename, Line: y.at.Start.Line, Before: x.shown, After: y.shown})
	}
	for _, name := range slices.Sorted(maps.Keys(union(was.Env, is.Env))) {
		if was.Env[name] != is.Env[name] {
			out = append(out, Change{Setting: "plain_env." + name, Before: was.Env[name], After: is.Env[name]})
		}
	}
	for _, x := range append(slices.Clone(b.From), b.To) {
		if hash, ok := was.Connectors[x.Ref()]; ok && hash != is.Connectors[x.Ref()] {
			out = append(out, Change{Setting: x.Ref(), File: x.Range.Filename, Line: x.Range.Start.Line})
		}
	}
	slices.SortStableFunc(out, func(a, b Change) int { return cmp.Compare(a.Line, b.Line) })
	return out
}

func union[V any](a, b map[string]V) map[string]V {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]V{}
	}
	maps.Copy(all, b)
	return all
}

// settings are what is written in a sync block, and the locals it refers to.
func (c *Config) settings(s *Sync) map[string]setting {
	out := map[string]setting{}
	p := parser{config: c}
	p.settings(s.block.Body, "", out)
	p.localSettings(traversalsIn(s.block.Body), out)
	return out
}

func (p *parser) settings(body *hclsyntax.Body, prefix string, into map[string]setting) {
	for _, a := range attributesOf(body) {
		if name := prefix + a.Name; (name == "groups.map" || name == "users.map.attributes") && p.items(name, a, into) {
			continue
		}
		into[prefix+a.Name] = p.setting(a.Expr.Range(), a.SrcRange)
	}
	for _, n := range body.Blocks {
		switch {
		case n.Type == "schedule":
		case n.Type == "limits":
			if a := n.Body.Attributes["protect"]; a != nil {
				into["limits.protect"] = p.setting(a.Expr.Range(), a.SrcRange)
			}
		default:
			p.settings(n.Body, prefix+n.Type+".", into)
		}
	}
}

// items are the entries of a map that is written in place.
func (p *parser) items(name string, a *hclsyntax.Attribute, into map[string]setting) bool {
	pairs, diags := hcl.ExprMap(a.Expr)
	if diags.HasErrors() {
		return false
	}
	for _, pair := range pairs {
		key, diags := pair.Key.Value(nil)
		if diags.HasErrors() || key.Type() != cty.String || key.IsNull() {
			return false
		}
		into[fmt.Sprintf("%s[%q]", name, key.AsString())] = p.setting(pair.Value.Range(), hcl.RangeBetween(pair.Key.Range(), pair.Value.Range()))
	}
	return true
}

func (p *parser) localSettings(ts []hcl.Traversal, into map[string]setting) {
	for _, t := range ts {
		name, ok := nameOf(t)
		if _, known := into[name]; !ok || known || t.RootName() != rootLocal {
			continue
		}
		if _, a := p.config.written(name); a != nil {
			into[name] = p.setting(a.Expr.Range(), a.SrcRange)
			p.localSettings(a.Expr.Variables(), into)
		}
	}
}

// written finds where a name that settings refer to is written, "local.x" or
// "source.okta.corp.org_url".
func (c *Config) written(name string) (*hclsyntax.Block, *hclsyntax.Attribute) {
	root, rest, _ := strings.Cut(name, ".")
	if root == rootLocal {
		for _, b := range c.locals {
			if a := b.Body.Attributes[rest]; a != nil {
				return b, a
			}
		}
		return nil, nil
	}
	for _, x := range c.Connectors() {
		if field, ok := strings.CutPrefix(name, x.Ref()+"."); ok {
			return x.block, x.block.Body.Attributes[field]
		}
	}
	return nil, nil
}
