// Package engine runs a sync: read, map, correlate, plan, guard, apply, record. It is
// the only place that knows the order of the stages. What each stage decides is in the
// package of its name; the engine fetches what they need and keeps what they say.
package engine
