package company

import (
	"fmt"
	"strings"
	"time"
)

// The values of Rules.Include.
const (
	IncludeAll      = ""
	IncludeStaff    = "staff"        // who is in the group "staff" of their source
	IncludeInternal = "not external" // whose department is another than "external"
)

// Limit mirrors a block of limits; Count and Percent below zero do not bound.
type Limit struct {
	Count    int
	Percent  float64
	Per      time.Duration
	PerGroup bool
}

// Rules are the configuration, as far as the corpus varies it.
type Rules struct {
	Annex         bool // the second source is part of the sync
	Include       string
	TeamsOnly     bool   // groups other than teams do not count
	Prefix        string // of groups in the target
	KeepExisting  bool
	DeleteGroups  bool
	DeletePeople  bool
	Flatten       bool
	Grace         time.Duration
	Deactivate    Limit
	Delete        Limit
	RemoveMember  Limit
	DeleteGroup   Limit
	MinPopulation int
	MaxShrink     int
	HoldAll       bool
	Protect       []string
	AddressOnly   bool // the address is all that accounts are given
}

// NoLimit bounds nothing.
var NoLimit = Limit{Count: -1, Percent: -1}

func fold(s string) string { return strings.ToLower(s) }

// InScope tells whether the configuration counts the source.
func (r *Rules) InScope(source int) bool { return source == 0 || r.Annex }

// Groups are the groups somebody is in by what the rules count: directly, and through
// groups in groups.
func (r *Rules) groups(c *Company, p *Person) map[*Group]bool {
	in := map[*Group]bool{}
	for _, g := range c.Groups {
		if g.Members[p.UID] && r.InScope(g.Source) {
			in[g] = true
		}
	}
	for grown := r.Flatten; grown; {
		grown = false
		for _, parent := range c.Groups {
			for child := range parent.Children {
				if g := c.Groups[child]; g != nil && in[g] && !in[parent] {
					in[parent], grown = true, true
				}
			}
		}
	}
	return in
}

// Entitled tells whether somebody is to have an account.
func (r *Rules) Entitled(c *Company, p *Person) bool {
	if p == nil || c.People[p.UID] == nil || !p.Active || !r.InScope(p.Source) {
		return false
	}
	switch r.Include {
	case IncludeStaff:
		for g := range r.groups(c, p) {
			if c.isStaff(g) {
				return true
			}
		}
		return false
	case IncludeInternal:
		return p.Department != "external"
	}
	return true
}

// Target is the name a group has in the target, empty for one that does not count.
func (r *Rules) Target(g *Group) string {
	if !r.InScope(g.Source) || r.TeamsOnly && !strings.Contains(g.Name, "team-") {
		return ""
	}
	return r.Prefix + g.Name
}

// Wanted are the groups of the target somebody is to be in, folded.
func (r *Rules) Wanted(c *Company, p *Person) map[string]bool {
	out := map[string]bool{}
	if !r.Entitled(c, p) {
		return out
	}
	for g := range r.groups(c, p) {
		if name := r.Target(g); name != "" {
			out[fold(name)] = true
		}
	}
	return out
}

// Managed are the groups of the target that some source group makes, folded.
func (r *Rules) Managed(c *Company) map[string]bool {
	out := map[string]bool{}
	for _, g := range c.Groups {
		if name := r.Target(g); name != "" {
			out[fold(name)] = true
		}
	}
	return out
}

// Population is how many people are to have an account.
func (r *Rules) Population(c *Company) int {
	n := 0
	for _, p := range c.People {
		if r.Entitled(c, p) {
			n++
		}
	}
	return n
}

// Sync writes the sync block of gateway.hcl. source and target are the types of the
// connectors.
func (r *Rules) Sync(source, target string) string {
	var b strings.Builder
	from, leave := fmt.Sprintf("source.%s.corp", source), "deactivate"
	if r.Annex {
		from += fmt.Sprintf(", source.%s.annex", source)
	}
	if r.DeletePeople {
		leave = "delete"
	}
	fmt.Fprintf(&b, "sync \"staff\" {\n  from = [%s]\n  to   = target.%s.app\n", from, target)
	if r.Annex {
		b.WriteString("  join = lower(user.email)\n")
	}
	b.WriteString("  schedule { full_every = \"72h\" }\n  users {\n")
	switch r.Include {
	case IncludeStaff:
		b.WriteString("    include = contains(user.groups, \"staff\") || contains(user.groups, \"annex-staff\")\n")
	case IncludeInternal:
		b.WriteString("    include = user.attributes.department != \"external\"\n")
	}
	fmt.Fprintf(&b, "    on_leave = %q\n    grace = %q\n", leave, r.Grace)
	b.WriteString("    map {\n      username = user.username\n      email = lower(user.email)\n      display_name = user.display_name\n" +
		"      attributes = { department = user.attributes.department }\n    }\n  }\n")
	r.writeGroups(&b)
	r.writeLimits(&b)
	b.WriteString("}\n")
	return b.String()
}

func (r *Rules) writeGroups(b *strings.Builder) {
	b.WriteString("  groups {\n")
	if r.TeamsOnly {
		b.WriteString("    include = regex_match(\"team-\", group.name)\n")
	}
	if r.Prefix != "" {
		fmt.Fprintf(b, "    name = \"%s${group.name}\"\n", r.Prefix)
	}
	nested, leave := "direct", "keep"
	if r.Flatten {
		nested = "flatten"
	}
	if r.DeleteGroups {
		leave = "delete"
	}
	fmt.Fprintf(b, "    keep_existing = %t\n    nested = %q\n    on_leave = %q\n  }\n", r.KeepExisting, nested, leave)
}

func (r *Rules) writeLimits(b *strings.Builder) {
	trip := "hold_removals"
	if r.HoldAll {
		trip = "hold_all"
	}
	fmt.Fprintf(b, "  limits {\n    min_population = %d\n    max_shrink = %d\n    on_trip = %q\n", r.MinPopulation, r.MaxShrink, trip)
	if len(r.Protect) > 0 {
		fmt.Fprintf(b, "    protect = [\"%s\"]\n", strings.Join(r.Protect, "\", \""))
	}
	for _, x := range []struct {
		name string
		l    Limit
	}{{"deactivate", r.Deactivate}, {"delete", r.Delete}, {"remove_member", r.RemoveMember}, {"delete_group", r.DeleteGroup}} {
		fmt.Fprintf(b, "    %s {\n", x.name)
		if x.l.Count < 0 && x.l.Percent < 0 { // an empty block is the default
			b.WriteString("      count = 100000\n")
		}
		if x.l.Count >= 0 {
			fmt.Fprintf(b, "      count = %d\n", x.l.Count)
		}
		if x.l.Percent >= 0 {
			fmt.Fprintf(b, "      percent = %g\n", x.l.Percent)
		}
		if x.l.Per > 0 {
			fmt.Fprintf(b, "      per = %q\n", x.l.Per)
		}
		if x.l.PerGroup {
			b.WriteString("      per_group = true\n")
		}
		b.WriteString("    }\n")
	}
	b.WriteString("  }\n")
}
