package remote

import "slices"

// Kind names a way to misbehave.
type Kind string

// The faults of an HTTP API, and of the processes that talk to it.
const (
	DropPage       Kind = "drop page"
	Empty          Kind = "200, empty"
	Unavailable    Kind = "503"
	Storm          Kind = "429 storm"
	CutBody        Kind = "cut body"
	RepeatedCursor Kind = "repeated cursor"
	LostScope      Kind = "lost scope"
	HiddenScope    Kind = "lost scope, unsaid"
	SizeLimit      Kind = "size limit"
	Stale          Kind = "stale replica"
	DuplicatePage  Kind = "duplicated page"
	Reordered      Kind = "reordered pages"
	NoLookup       Kind = "no direct answer"
	LostAnswer     Kind = "applied, answer lost"
	HalfBatch      Kind = "batch half applied"
	Refused        Kind = "nothing applied, 503"
	PluginCrash    Kind = "plugin killed"
)

// always is a Count that does not end.
const always = 1 << 30

// Fault says what goes wrong, and where. A fault is armed until it is taken away.
type Fault struct {
	Kind   Kind
	System string // corp, annex, app
	What   string // users, groups, memberships, lookup, operations, changes; empty: whatever is asked
	Page   int    // the page of a listing from which on, or how many requests pass first
	Count  int    // how often; 0: until it is taken away
	Lag    int    // how many days a stale replica is behind
	Hidden map[string]bool
	Fired  int
	Broke  int // how often it hit a listing or its changes
	seen   int
}

// Breaks tells whether a listing that this fault hit cannot have looked whole.
func (f *Fault) Breaks() bool {
	switch f.Kind {
	case Unavailable, CutBody, Storm:
		return f.Count == 0 && f.What != "lookup" && f.What != "operations"
	case RepeatedCursor, LostScope, SizeLimit:
		return true
	}
	return false
}

// match finds the fault that is to happen to a request, and counts it.
func (w *World) match(system, what string, page int, kinds ...Kind) *Fault {
	for _, f := range w.faults {
		limit := f.Count
		if limit == 0 {
			limit = always
		}
		if f.System != system || f.What != "" && f.What != what || f.Fired >= limit || !slices.Contains(kinds, f.Kind) {
			continue
		}
		switch what {
		case "users", "groups", "memberships":
			if page < f.Page || page > f.Page && (f.Kind == DropPage || f.Kind == DuplicatePage) {
				continue
			}
		default:
			if f.seen++; f.seen <= f.Page {
				continue
			}
		}
		if f.Fired++; what != "lookup" && what != "operations" {
			f.Broke++
		}
		return f
	}
	return nil
}
