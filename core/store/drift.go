package store

import "time"

// Drift is how what was pushed of somebody differs from what their identity provider
// showed when it was read.
type Drift struct {
	P           ID
	Missing     bool // nothing of them was pushed, or it was deleted
	Differences []Difference
}

// Since is when the oldest of the differences was first seen.
func (d *Drift) Since() (t time.Time) {
	for _, x := range d.Differences {
		if t.IsZero() || x.Since.Before(t) {
			t = x.Since
		}
	}
	return t
}

// Difference is one thing in which what was pushed and what was read differ. What one
// side does not have is empty.
type Difference struct {
	Field  string    `json:"field"` // "person", "active", "email", "username", "given_name", "family_name", "display_name", "group"
	Pushed string    `json:"pushed,omitempty"`
	Pulled string    `json:"pulled,omitempty"`
	Since  time.Time `json:"since"`
}

// DriftCount counts people by what is wrong: what differs since a short time may be
// under way, what was missing or otherwise for longer was lost, or is contradicted.
type DriftCount struct {
	Late, Lost, Contradicted int
}

// DriftReader reads drift.
type DriftReader interface {
	DriftsOf(ps []ID) ([]Drift, error) // ordered by P
	// Drifts are a sync's, those that have lasted longest first.
	Drifts(s SyncID, limit int) ([]Drift, error)
	// CountDrift counts a sync's; what began after the time is late.
	CountDrift(s SyncID, after time.Time) (DriftCount, error)
}

// DriftWriter writes drift. There is one of a person.
type DriftWriter interface {
	PutDrifts(s SyncID, ds []Drift) error
	DeleteDrifts(ps []ID) error
}
