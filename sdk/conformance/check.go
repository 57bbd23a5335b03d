package conformance

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
)

// The roles a check belongs to.
const (
	roleAll      = "all"
	roleSource   = "source"
	roleTarget   = "target"
	roleListener = "listener"
)

// need is what a check cannot do without.
type need int

const (
	needConfig  need = 1 << iota // a configuration that works
	needRemote                   // a fake that can be seeded and shows its state
	needProxy                    // a fake that is an HTTP server
	needDelta                    // a source that reads changes
	needLookup                   // a source that finds one record
	needChanges                  // a fake in which single things can be changed
	needClient                   // a fake that says how clients speak with a listener
)

// check is one thing that a connector must do. run returns nil when it does, Skip when
// it cannot be told, and otherwise what was seen instead.
type check struct {
	id    string // "source.pages"
	role  string
	title string // what a good connector does
	look  string // where to look when this one does not
	needs need
	slow  bool // begun first: it waits for most of its time
	last  bool // run when all others have ended
	run   func(context.Context, *bench) error
}

// Info describes a check.
type Info struct {
	ID    string `json:"id"`
	Role  string `json:"role"`
	Title string `json:"title"`
	Look  string `json:"look"`
	Slow  bool   `json:"slow,omitempty"` // it waits for seconds
}

// Checks lists what the kit checks, in the order of a report.
func Checks() []Info {
	var out []Info
	for _, c := range table() {
		out = append(out, Info{ID: c.id, Role: c.role, Title: c.title, Look: c.look, Slow: c.slow})
	}
	return out
}

// table is every check there is.
func table() []check {
	return slices.Concat(
		startChecks(), describeChecks(), configChecks(), checkChecks(), sturdyChecks(),
		readChecks(roleSource), recordChecks(), deltaChecks(), lookupChecks(),
		readChecks(roleTarget), applyChecks(), batchChecks(), careChecks(),
		listenChecks(),
	)
}

// selected reports whether one of the patterns names the id; none name all.
func selected(patterns []string, id string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool { return matches(p, id) })
}

func matches(pattern, id string) bool {
	ok, err := path.Match(pattern, id)
	return err == nil && ok
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }

// skipReason finds why the author leaves a check out.
func skipReason(skip map[string]string, id string) (string, bool) {
	if why, ok := skip[id]; ok {
		return why, true
	}
	for pattern, why := range skip {
		if matches(pattern, id) {
			return why, true
		}
	}
	return "", false
}

// some lists the first few of many.
func some[T cmp.Ordered](list []T) string {
	slices.Sort(list)
	var texts []string
	for i, v := range list {
		if i == 5 {
			texts = append(texts, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		texts = append(texts, fmt.Sprintf("%.80q", fmt.Sprint(v)))
	}
	return strings.Join(texts, ", ")
}
