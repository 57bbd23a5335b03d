package plan

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Impact is where the target uses a group that a plan empties, retires or deletes.
type Impact struct {
	Group  Ref      `json:"group"`
	What   string   `json:"what"`             // "emptied", "retired", "deleted"
	Uses   []string `json:"uses,omitempty"`   // "permission scheme \"Default\" (Browse projects)"
	Unseen []string `json:"unseen,omitempty"` // what could not be looked at, and why
}

// String is the impact in a sentence.
func (i *Impact) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "group %q would be %s. ", i.Group.Name, i.What)
	switch {
	case len(i.Uses) > 0:
		b.WriteString("It is used by: " + strings.Join(i.Uses, "; "))
	case len(i.Unseen) > 0:
		b.WriteString("Where it is used is not known")
	default:
		b.WriteString("No place that was looked at uses it")
	}
	if len(i.Unseen) > 0 {
		b.WriteString(". Not looked at: " + strings.Join(i.Unseen, "; "))
	}
	return b.String()
}

// Endings are the groups that the plan deletes, retires or takes the last members out
// of, in this order. sizes are the members before the plan, by the group's interned id
// (Head.G).
func (p *Plan) Endings(sizes func(*Head) int) []Impact {
	var out []Impact
	seen := map[string]bool{}
	end := func(s *Head, what string) {
		if !seen[s.Group.ID] {
			seen[s.Group.ID] = true
			out = append(out, Impact{Group: Ref{ID: s.Group.ID, Name: s.Group.Name}, What: what})
		}
	}
	leaving, joining := map[string]int{}, map[string]bool{}
	var emptied []Head
	for s, n := range p.Steps.Kinds() {
		switch s.Class {
		case DeleteGroup:
			end(s, "deleted")
		case RetireGroup:
			end(s, "retired")
		case AddMember:
			joining[s.Group.ID] = true
		case RemoveMember:
			if leaving[s.Group.ID] == 0 {
				emptied = append(emptied, *s)
			}
			leaving[s.Group.ID] += n
		}
	}
	slices.SortFunc(out, func(a, b Impact) int {
		return cmp.Or(strings.Compare(a.What, b.What), compareRef(&a.Group, &b.Group))
	})
	slices.SortFunc(emptied, func(a, b Head) int { return compareRef(a.Group, b.Group) })
	for i := range emptied {
		s := &emptied[i]
		if !joining[s.Group.ID] && leaving[s.Group.ID] >= sizes(s) {
			end(s, "emptied")
		}
	}
	return out
}

// ImpactsOf are the impacts of a plan that Write wrote or Packed gave, without reading its
// steps.
func ImpactsOf(b []byte) []Impact {
	first, _, _ := bytes.Cut(b, []byte("\n"))
	var head fileHeader
	if err := json.Unmarshal(first, &head); err != nil {
		return nil
	}
	return head.Impacts
}
