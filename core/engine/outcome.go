package engine

// The outcomes of a person in a run. They are stored, and are what `status`, `show`
// and `explain` tell.
const (
	// InSync: the account is as the rules want it.
	InSync = "in_sync"
	// Planned: the plan has steps for them that are not applied yet.
	Planned = "planned"
	// Withheld: something would be taken away, but a read was not complete or not believed.
	Withheld = "withheld"
	// Disputed: it is not clear which account is theirs, or whose an account is.
	Disputed = "disputed"
	// Invalid: a rule failed for their record, or it lacks what the target requires.
	Invalid = "invalid"
	// NotProvisioned: inactive in the source and never given an account.
	NotProvisioned = "not_provisioned"
	// OutOfScope: users.include does not hold, and they never had an account from us.
	OutOfScope = "out_of_scope"
	// NotCreated: they have no account and users.create is off.
	NotCreated = "not_created"
	// Left: they left, and their account is as users.on_leave wants it.
	Left = "left"
	// Leaving: they left, and the time of grace runs.
	Leaving = "leaving"
	// Kept: they left, and the account stays by configuration.
	Kept = "kept"
	// Shielded: something would be taken from a protected account.
	Shielded = "protected"
	// Failed: the target refused a step in the last run.
	Failed = "failed"
)

// settled tells the outcomes that depend on the person's own records alone: such a
// person need not be looked at again before one of these changes.
func settled(outcome string) bool {
	switch outcome {
	case InSync, NotProvisioned, OutOfScope, Left, Leaving, Kept, Invalid, NotCreated:
		return true
	}
	return false
}
