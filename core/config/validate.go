package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"syncgateway/core/diag"
	"syncgateway/core/mapping"
	"syncgateway/core/schema"
)

// Lookup gives a plugin's description by its type. A *NoPluginError makes Validate
// suggest another type; any other error is shown as it is.
type Lookup func(typ string) (*schema.Plugin, error)

// NoPluginError says that there is no plugin of a type, and which there are.
type NoPluginError struct {
	Type      string
	Available []string
	Hint      string // what to do about it, where Lookup knows
}

// Error names the type.
func (e *NoPluginError) Error() string { return fmt.Sprintf("there is no plugin %q", e.Type) }

// Validate holds a configuration that parsed without errors against the plugins it
// uses. It evaluates the plugin blocks of every connector in the file. It starts
// nothing and makes no network call, unless lookup does.
func Validate(c *Config, lookup Lookup) diag.Diagnostics {
	v := &validator{plugins: map[string]*schema.Plugin{}, parser: parser{config: c}}
	for _, x := range c.Connectors() {
		if p := v.plugin(x, lookup); p != nil {
			if x.Host.JWT != nil && !p.Has(schema.Listener) {
				v.errorf("config.ineffective", x.Range, "Setting without effect", "Nobody pushes to %s, so nobody shows it a token: leave jwt out.", x.Ref())
			}
			_, _, diags := c.PluginInput(x, p)
			v.diags = append(v.diags, diags...)
		}
	}
	v.unusedPlugins()
	for _, s := range c.Syncs {
		v.sync(s)
	}
	return v.diags.Sorted()
}

type validator struct {
	parser
	plugins map[string]*schema.Plugin
}

func (v *validator) plugin(x *Connector, lookup Lookup) *schema.Plugin {
	p, known := v.plugins[x.Type]
	if !known {
		var err error
		if p, err = lookup(x.Type); err != nil {
			p = nil
			v.noPlugin(x, err)
		}
		v.plugins[x.Type] = p
	}
	if p == nil {
		return nil
	}
	isSource, isTarget := p.Has(schema.Source) || p.Has(schema.Listener), p.Has(schema.Target)
	if x.Role == schema.Source && !isSource || x.Role == schema.Target && !isTarget {
		is := "target"
		if isSource {
			is = "source"
		}
		v.errorf("config.role", x.Range, "Wrong role", "The plugin %q is a %s: write %s %q %q { … }.", x.Type, is, is, x.Type, x.Name)
		return nil
	}
	return p
}

func (v *validator) noPlugin(x *Connector, err error) {
	var none *NoPluginError
	if !errors.As(err, &none) {
		v.errorf("plugin.unusable", x.Range, "Unusable plugin", "The plugin %q cannot be used: %s.", x.Type, strings.TrimSuffix(err.Error(), "."))
		return
	}
	detail := fmt.Sprintf("There is no plugin %q.%s", x.Type, diag.Suggest(x.Type, none.Available))
	if len(none.Available) > 0 {
		detail += " There are: " + strings.Join(none.Available, ", ") + "."
	}
	if none.Hint != "" {
		detail += " " + none.Hint
	}
	v.errorf("plugin.unknown", x.Range, "Unknown plugin", "%s", detail)
}

func (v *validator) unusedPlugins() {
	types := v.config.PluginTypes()
	for _, p := range v.config.Plugins {
		if !slices.Contains(types, p.Type) {
			v.warnf("config.ineffective", p.Range, "Setting without effect", "No source or target is of the plugin %q.%s", p.Type, diag.Suggest(p.Type, types))
		}
	}
}

func (v *validator) sync(s *Sync) {
	if s.To == nil || s.Rules == nil {
		return
	}
	v.reads(s)
	v.drift(s)
	target := v.plugins[s.To.Type]
	if target == nil || !target.Has(schema.Target) {
		return
	}
	if users := v.kind(s, target, "users.kind", s.Users.Kind, schema.UserShape); users != nil {
		v.userOperations(s, users)
		v.writes(s, users)
	}
	if s.Groups.Mode == GroupsOff {
		return
	}
	if groups := v.kind(s, target, "groups.kind", s.Groups.Kind, schema.GroupShape); groups != nil {
		v.groupOperations(s, groups)
	}
}

// drift refuses a block for something that is not looked for.
func (v *validator) drift(s *Sync) {
	at, written := s.ranges["drift"]
	if !written {
		return
	}
	pushed, pulled := 0, 0
	for _, x := range s.From {
		switch p := v.plugins[x.Type]; {
		case p == nil:
			return
		case p.Has(schema.Listener):
			pushed++
		default:
			pulled++
		}
	}
	if pushed == 0 || pulled == 0 || !s.PushAndPull() {
		v.errorf("config.ineffective", at, "Setting without effect", "Drift is looked for between a source that is pushed to and one that is read, of one identity provider: from = [source.scim.NAME, source.TYPE.NAME], joined by its own id: join = coalesce(user.external_id, user.id).")
	}
}

func (v *validator) kind(s *Sync, p *schema.Plugin, setting, name string, shape schema.Shape) *schema.Kind {
	var names []string
	for i := range p.Kinds {
		if p.Kinds[i].Shape == shape {
			names = append(names, p.Kinds[i].Name)
		}
	}
	if slices.Contains(names, name) {
		return p.Kind(name)
	}
	has := "none of that sort"
	if len(names) > 0 {
		has = strings.Join(names, ", ")
	}
	v.errorf("config.unsupported", s.RangeOf(setting), "Unknown kind", "%s has no kind %q for %s.%s It has %s.",
		s.To.Ref(), name, setting, diag.Suggest(name, names), has)
	return nil
}

// need is an operation that a setting asks for.
type need struct {
	setting string
	on      bool
	op      schema.Operation
	instead string // what to write where the target cannot
}

func (v *validator) userOperations(s *Sync, k *schema.Kind) {
	leave := s.Users.Deactivate
	v.needs(s, k, []need{
		{"users.create", s.Users.Create, schema.CreateUser, "Set create = false."},
		{"users.update", s.Users.Update, schema.UpdateUser, "Set update = false."},
		{"users.activate", s.Users.Activate, schema.ActivateUser, "Set activate = false."},
		{"users.deactivate", leave && s.Users.OnLeave == LeaveDeactivate, schema.DeactivateUser, v.insteadOfDeactivate(k)},
		{"users.on_leave", leave && s.Users.OnLeave == LeaveDelete, schema.DeleteUser, "Set on_leave to keep or deactivate."},
	})
}

func (v *validator) insteadOfDeactivate(k *schema.Kind) string {
	if k.Can(schema.DeleteUser) {
		return `Set deactivate = false, or on_leave = "delete" if accounts of people who left may be deleted.`
	}
	return "Set deactivate = false."
}

func (v *validator) groupOperations(s *Sync, k *schema.Kind) {
	v.needs(s, k, []need{
		{"groups.create", s.Groups.Create, schema.CreateGroup, "Set create = false."},
		{"groups.mode", true, schema.AddMember, `Set mode = "off".`},
		{"groups.keep_existing", !s.Groups.KeepExisting, schema.RemoveMember, "Set keep_existing = true."},
		{"groups.on_leave", s.Groups.OnLeave == LeaveDelete, schema.DeleteGroup, `Set on_leave = "keep".`},
	})
}

// needs reports what the target cannot do. A default that asks for an update or an
// activation in vain takes nothing from anybody: nobody wrote it, so nobody is told.
func (v *validator) needs(s *Sync, k *schema.Kind, needs []need) {
	for _, n := range needs {
		if !n.on || k.Can(n.op) {
			continue
		}
		if _, written := s.ranges[n.setting]; !written && (n.op == schema.UpdateUser || n.op == schema.ActivateUser) {
			continue
		}
		v.errorf("config.unsupported", s.RangeOf(n.setting), "The target cannot do this",
			"%s asks for %s, which %s does not support for kind %q. %s", n.setting, n.op, s.To.Ref(), k.Name, n.instead)
	}
}

// writes holds users.map against the attributes that the target takes.
func (v *validator) writes(s *Sync, k *schema.Kind) {
	var writable []string
	for _, a := range k.Attributes {
		if a.Writable {
			writable = append(writable, a.Name)
		}
	}
	for _, name := range s.Rules.Managed() {
		rule, _ := s.Rules.Field(name)
		short := strings.TrimPrefix(name, "attributes.")
		a := k.Attribute(short)
		if rule.Range.Filename == "" || a != nil && a.Writable {
			continue
		}
		why := fmt.Sprintf("%s has no attribute %q.%s", s.To.Ref(), short, diag.Suggest(short, writable))
		if a != nil {
			why = fmt.Sprintf("%s does not let %q be written.", s.To.Ref(), short)
		}
		v.errorf("config.unsupported", rule.Range, "The target cannot do this", "%s Writable are: %s.", why, strings.Join(writable, ", "))
	}
	for _, a := range k.Attributes {
		if a.Required && s.Users.Create && !s.Rules.Manages(a.Name) && !s.Rules.Manages("attributes."+a.Name) {
			v.errorf("config.missing_setting", s.RangeOf("users.map"), "Missing setting", "%s needs %q to create an account, but users.map does not set it.", s.To.Ref(), a.Name)
		}
	}
}

// anyAttribute as the name of a kind's attribute says that records may carry others
// than those declared.
const anyAttribute = "*"

// reads warns of attributes that no source declares. It is no error: directories
// have attributes of their owners' making.
func (v *validator) reads(s *Sync) {
	declared := map[string][]string{mapping.RootUser: mapping.Fields(mapping.RootUser), mapping.RootGroup: mapping.Fields(mapping.RootGroup)}
	for _, x := range s.From {
		p := v.plugins[x.Type]
		if p == nil {
			return
		}
		for _, k := range p.Kinds {
			root := mapping.RootUser
			if k.Shape == schema.GroupShape {
				root = mapping.RootGroup
			}
			for _, a := range k.Attributes {
				declared[root] = append(declared[root], a.Name)
			}
		}
	}
	for _, rule := range s.Rules.All() {
		reads, _ := s.Rules.ReadsOf(rule.Name)
		for _, read := range reads {
			v.read(s, rule, read, declared)
		}
	}
}

func (v *validator) read(s *Sync, rule mapping.Rule, read string, declared map[string][]string) {
	root, rest, _ := strings.Cut(read, ".")
	name, ok := strings.CutPrefix(rest, "attributes.")
	if !ok || slices.Contains(declared[root], name) || slices.Contains(declared[root], anyAttribute) {
		return
	}
	var sources []string
	for _, x := range s.From {
		sources = append(sources, x.Ref())
	}
	v.warnf("config.undeclared", rule.Range, "Undeclared attribute", "%s reads %s.%s, which %s does not declare.%s If it is an attribute of your own directory, this is fine: where it is missing it is null.",
		rule.Name, root, name, strings.Join(sources, " or "), diag.Suggest(name, declared[root]))
}
