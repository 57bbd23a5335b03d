// Package mirror takes in what sources and targets show of themselves, compares it
// with what they showed before, and marks the accounts whose people must be looked at
// again. What did not change is neither decoded nor written.
//
// It keeps two rules on which the promise "a bad read never removes anyone" stands.
// A record or membership disappears from the mirror only through a read that ended
// complete and is believed; every other read adds and updates at most. And whoever is
// marked stays marked until a run has dealt with them, so that nothing is forgotten
// by a crash between reading and applying.
//
// It does not decide what a change means: that is mapping and plan.
package mirror
