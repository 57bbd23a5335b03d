package cli

import (
	"maps"
	"slices"
	"strings"

	"syncgateway/core/engine"
)

// explainOrigin says which source each value came from, where there are several.
func (c *call) explainOrigin(x *engine.Explanation) {
	sources := map[string][]string{}
	for _, field := range slices.Sorted(maps.Keys(x.Origin)) {
		sources[x.Origin[field]] = append(sources[x.Origin[field]], field)
	}
	if len(x.Sources) < 2 {
		return
	}
	c.text("\nValues\n")
	for _, source := range slices.Sorted(maps.Keys(sources)) {
		c.text("  from %s: %s\n", source, strings.Join(sources[source], ", "))
	}
}

// path says through which groups somebody is in one, where they are nested.
func (c *call) path(groups []string) {
	if len(groups) > 1 {
		c.text("    through %s\n", strings.Join(groups, " in "))
	}
}

func (c *call) explainMatch(m *engine.MatchView) {
	if m == nil || m.Result == "linked" {
		return
	}
	switch m.Result {
	case "adopt":
		c.text("  would be adopted: the only account with the same %s\n", m.Key)
	case "disputed":
		c.text("  disputed: %s\n", m.Reason)
	default:
		c.text("  no account matches\n")
	}
	for _, x := range m.Candidates {
		c.text("  candidate by %s %q: %s", x.Key, x.Value, x.Account)
		if x.Gone {
			c.text(", gone")
		}
		if x.Owner != "" {
			c.text(", of %s", x.Owner)
		}
		c.text("\n")
	}
}

// explainPast tells what a run did to somebody.
func (c *call) explainPast(x *engine.Explanation, user string) {
	p := x.Past
	c.text("%s in sync %s, at run %s (%s, %s)\n", user, x.Sync, p.Run.ID, p.Run.Mode, p.Run.Started.Local().Format(timeLayout))
	if p.Asked != "" {
		c.text("Run %s did nothing to them; this is the last one before it that did something.\n", p.Asked)
	}
	c.text("\nSources, as they were then\n")
	for _, s := range p.Sources {
		c.explainSource(s)
	}
	c.text("\nDone\n")
	c.history(p.Steps)
}

func (c *call) explainedGroup(x *engine.GroupExplanation) {
	c.text("group %s in sync %s\n", x.Name, x.Sync)
	if x.If != "" {
		c.text("This is what would be %s.\n", x.If)
	}
	c.text("\nIn the target\n")
	c.targetGroup(x.Target)
	c.text("\nMade by\n")
	if len(x.Sources) == 0 {
		c.text("  no source group\n")
	}
	for _, s := range x.Sources {
		c.text("  group %q of %s, id %s: %s", s.Group, s.Source, s.ID, count(s.Members, "direct member"))
		if s.Nested > 0 {
			c.text(", %s in it", count(s.Nested, "group"))
		}
		if s.Rule != "" {
			c.text(" [%s]", s.Rule)
		}
		c.text("\n")
	}
	c.text("\nMembers\n")
	for _, m := range x.Members {
		c.groupMember(m)
	}
	if x.More > 0 {
		c.text("  … and %d more\n", x.More)
	}
	if x.Usage != nil {
		c.text("\nUsed by\n")
		for _, u := range x.Usage.Uses {
			c.text("  %s\n", u)
		}
		for _, u := range x.Usage.Unseen {
			c.text("  not looked at: %s\n", u)
		}
	}
	c.text("\nA run now would\n")
	if len(x.Steps) == 0 {
		c.text("  change nothing for these people in this group\n")
	}
	for i := range x.Steps {
		c.text("  %s, because %s\n", x.Steps[i].Line(), x.Steps[i].Reason)
	}
	c.text("\nHistory\n")
	c.history(x.History)
}

func (c *call) targetGroup(t *engine.TargetGroupView) {
	if t == nil {
		c.text("  not there\n")
		return
	}
	c.text("  %s, id %s: %s, %d of them added by the gateway\n", t.Name, t.ID, count(t.Members, "member"), t.Ours)
	for _, x := range []struct {
		is   bool
		text string
	}{
		{t.Gone, "gone"}, {t.Made, "made by the gateway"}, {t.Retired, "retired"}, {t.Privileged != "", "privileged: " + t.Privileged},
		{t.ReadOnly != "", "left alone: " + t.ReadOnly}, {t.Description != "", "description: " + t.Description},
	} {
		if x.is {
			c.text("  %s\n", x.text)
		}
	}
}

func (c *call) groupMember(m engine.GroupMember) {
	state := "is not in it"
	switch {
	case m.There && m.Ours:
		state = "is in it, added by the gateway"
	case m.There:
		state = "is in it, not added by the gateway"
	}
	c.text("  %s: %s", m.Person, state)
	if m.Because == "" {
		c.text("; no rule wants it\n")
		return
	}
	c.text(", because %s", m.Because)
	if m.Rule != "" {
		c.text(" [%s]", m.Rule)
	}
	c.text("\n")
	c.path(m.Path)
}
