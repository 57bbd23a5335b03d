package store

import (
	"time"

	"syncgateway/core/idset"
)

// Run is one run of a sync.
type Run struct {
	ID       string     `json:"id"`
	Sync     string     `json:"sync"`
	Mode     string     `json:"mode"` // "full", "delta", "user"
	State    string     `json:"state"`
	Started  time.Time  `json:"started"`
	Ended    time.Time  `json:"ended,omitzero"`
	Digest   string     `json:"digest,omitempty"` // of its plan
	Trigger  string     `json:"trigger,omitempty"`
	Summary  string     `json:"summary,omitempty"`
	Approved string     `json:"approved,omitempty"` // who released its plan, where that was needed
	Detail   []byte     `json:"-"`                  // JSON of what the engine reports
	Endpoint EndpointID `json:"-"`
}

// The states of a run.
const (
	RunRunning     = "running"
	RunDone        = "done"
	RunPlanned     = "planned"
	RunHeld        = "held"
	RunDoubtful    = "doubtful" // a read was not complete or not believed: only additions
	RunFailed      = "failed"
	RunInterrupted = "interrupted"
)

// Operation is one step on its way: written before the call, completed after it.
type Operation struct {
	ID       string // unique for ever
	Run      string
	Endpoint EndpointID
	Class    string
	P, N, G  ID     // person, target account, target group; 0: none yet
	State    string // "intent", then one of the outcomes
	Step     []byte // the plan's step, JSON: before-image and reason included
	RemoteID string
	Answer   string // what the target said: "204", "409 ADMIN-409-28 …"
	At       time.Time
}

// The states of an operation.
const (
	OpIntent       = "intent"
	OpApplied      = "applied"
	OpAlready      = "already"
	OpFailed       = "failed"
	OpNotAttempted = "not_attempted"
)

// Plan is a stored plan.
type Plan struct {
	Digest  string
	Sync    string
	Run     string
	Created time.Time
	Verdict string // "allow", "hold", "empty"
	Body    []byte // JSON lines
}

// Approval releases one plan, or a part of it, once.
type Approval struct {
	Digest  string
	Who     string
	Only    []string // selectors of the part (package selector); none: all of it
	Reason  string
	At      time.Time
	Expires time.Time
	UsedBy  string // run
}

// Evidence is what an account of a source looked like when a run was about to do
// something for its person.
type Evidence struct {
	N        ID
	Endpoint EndpointID
	Flags    Flags
	Record   []byte
	Groups   idset.Set // it was in directly
}

// Lease says who may write to a target.
type Lease struct {
	Endpoint EndpointID
	Owner    string
	Until    time.Time
}

// HistoryReader reads what happened.
type HistoryReader interface {
	Run(id string) (Run, error)
	Runs(sync string, limit int) ([]Run, error) // newest first; sync "" means all
	Operations(run string, f func(Operation) error) error
	OperationsOn(n ID, limit int) ([]Operation, error) // of an account or a person, newest first
	OperationsOnGroup(g ID, limit int) ([]Operation, error)
	// Evidence is what the person's accounts looked like at the run, by account.
	Evidence(run string, p ID) ([]Evidence, error)
	// Unfinished lists the operations on an endpoint whose outcome is unknown.
	Unfinished(ep EndpointID) ([]Operation, error)
	Plan(digest string) (Plan, error)
	LatestPlan(sync string) (Plan, error)
	Approvals(digest string) ([]Approval, error) // in the order they were given
	Lease(ep EndpointID) (Lease, error)
}

// HistoryWriter writes what happened.
type HistoryWriter interface {
	PutRun(Run) error
	PutOperations([]Operation) error
	// KeepEvidence keeps what the people's accounts in sources look like now.
	KeepEvidence(run string, s SyncID, ps []ID) error
	PutPlan(Plan) error
	// PutApproval replaces the person's earlier approval of the same part.
	PutApproval(Approval) error
	PutLease(Lease) error
	// Prune forgets runs, operations and plans older than the time, except those an
	// open approval or an unfinished operation needs.
	Prune(before time.Time) error
}
