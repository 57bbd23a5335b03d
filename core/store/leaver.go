package store

import "time"

// Leaver is the record of one departure: somebody turned inactive in the sources, or
// vanished from them, while they had an account in the target.
type Leaver struct {
	Sync      SyncID
	P, N      ID        // the person and the account
	Person    string    // what people recognise them by
	Reason    string    // "inactive in source.okta.corp"
	Said      time.Time // by the source's clock, zero where it does not tell
	Seen      time.Time // by a read
	Asked     time.Time // the target to end their access, when it answered
	Confirmed time.Time // by reading the account in the target again
	Returned  time.Time // they are wanted again
	Tried     time.Time // the last reading of the account that did not confirm it
}

// Open reports whether their access has not been confirmed to have ended.
func (l *Leaver) Open() bool { return l.Confirmed.IsZero() && l.Returned.IsZero() }

// LeaverReader reads departures.
type LeaverReader interface {
	// Leavers calls f for those seen since, oldest first.
	Leavers(s SyncID, since time.Time, f func(Leaver) error) error
	// OpenLeavers are those whose access has not been confirmed to have ended, oldest
	// first.
	OpenLeavers(s SyncID, limit int) ([]Leaver, error)
	// Departed are the latest departures of the people, those who returned excepted.
	Departed(ps []ID) ([]Leaver, error)
}

// LeaverWriter writes departures. One is the same as another of the same person seen
// at the same time.
type LeaverWriter interface {
	PutLeavers([]Leaver) error
}
