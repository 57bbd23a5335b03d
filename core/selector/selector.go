// Package selector chooses steps of a plan, for what may be done in part: an approval,
// an undo. It is pure.
//
// A selector is conditions joined by commas, all of which must hold:
//
//	class=deactivate,user=*@harbour.example
//	group="Sales, EMEA"
//
// Several selectors together choose what any of them chooses. In a value * stands for
// any number of characters and ? for one; between double quotes they are themselves.
// Letters match in either case.
package selector

import (
	"fmt"
	"slices"
	"strings"

	"syncgateway/core/identity"
	"syncgateway/core/plan"
)

// Selector chooses steps. The zero Selector chooses every one.
type Selector struct {
	any [][]condition
	src []string
}

// condition is one key with its pattern.
type condition struct {
	key     string
	class   plan.Class // of key "class"
	pattern pattern
}

// The keys of a condition.
const (
	keyClass = "class"
	keyUser  = "user"
	keyGroup = "group"
)

// shortClasses are the names that limits have for classes.
var shortClasses = map[string]plan.Class{"update": plan.UpdateUser, "activate": plan.ActivateUser, "deactivate": plan.DeactivateUser, "delete": plan.DeleteUser}

// mostTerms bounds what is read of a request.
const mostTerms = 1000

// Parse reads selectors, each as it stands after one -only. None chooses every step.
func Parse(selectors []string) (Selector, error) {
	s := Selector{src: slices.Clone(selectors)}
	for _, text := range selectors {
		terms, err := split(text)
		if err != nil {
			return Selector{}, err
		}
		var all []condition
		for _, t := range terms {
			c, err := parseTerm(t)
			if err != nil {
				return Selector{}, err
			}
			all = append(all, c)
		}
		s.any = append(s.any, all)
	}
	return s, nil
}

func parseTerm(t term) (condition, error) {
	c := condition{key: t.key, pattern: t.value}
	switch {
	case len(t.value) == 0:
		return c, fmt.Errorf("%s= needs a value: group=eng-*, user=ada@example.org, class=deactivate", shown(t.key))
	case t.key == keyUser, t.key == keyGroup:
		return c, nil
	case t.key != keyClass:
		return c, fmt.Errorf("a selector has no %q: there are group, user and class, as in group=eng-*", shown(t.key))
	}
	name := t.value.text()
	c.class = shortClasses[name]
	if c.class == 0 && c.class.UnmarshalText([]byte(name)) != nil {
		return c, fmt.Errorf("there is no class %q: %s", shown(name), strings.Join(classNames(), ", "))
	}
	return c, nil
}

func classNames() []string {
	var names []string
	for _, c := range plan.Classes() {
		names = append(names, c.String())
	}
	return names
}

func shown(s string) string { return identity.Visible(s, 60) }

// All reports whether the selector chooses every step.
func (s Selector) All() bool { return len(s.any) == 0 }

// Strings are the selectors as they were written.
func (s Selector) Strings() []string { return slices.Clone(s.src) }

// String is the selector as it is read by people.
func (s Selector) String() string {
	if s.All() {
		return "everything"
	}
	return strings.Join(s.src, " or ")
}

// Matches reports whether a step is chosen.
func (s Selector) Matches(step *plan.Head) bool {
	if s.All() {
		return true
	}
	return slices.ContainsFunc(s.any, func(all []condition) bool {
		return !slices.ContainsFunc(all, func(c condition) bool { return !c.matches(step) })
	})
}

func (c *condition) matches(step *plan.Head) bool {
	switch c.key {
	case keyClass:
		return step.Class == c.class
	case keyGroup:
		return step.Group != nil && c.pattern.matchesAny(step.Group.Name, step.Group.ID)
	default:
		return step.User != nil && c.pattern.matchesAny(step.User.Name, step.User.ID, step.Person)
	}
}
