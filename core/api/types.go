// Package api is the gateway's HTTP/JSON interface: requests and answers, the handlers,
// and a client for them. The command line uses the same handlers whether a daemon runs
// or not. What a request does is in engine; how an answer looks to people is in cli.
package api

import (
	"encoding/json"
	"time"

	"syncgateway/core/diag"
	"syncgateway/core/engine"
	"syncgateway/core/store"
)

// RunRequest asks for a run of one sync.
type RunRequest struct {
	Sync     string   `json:"sync"`
	Mode     string   `json:"mode,omitempty"` // "full", "delta"; empty: as the schedule wants
	User     string   `json:"user,omitempty"`
	Apply    bool     `json:"apply,omitempty"`
	Plan     []byte   `json:"plan,omitempty"` // a plan file: exactly its steps are applied
	Believe  []string `json:"believe,omitempty"`
	Who      string   `json:"who,omitempty"`
	Everyone bool     `json:"everyone,omitempty"` // look at everybody again
	Brief    bool     `json:"brief,omitempty"`    // leave the plan out of the answer

	// Undo asks for the inverse of this earlier run instead; sync is not needed then.
	Undo         string   `json:"undo,omitempty"`
	Only         []string `json:"only,omitempty"`         // with undo: selectors of that run's steps
	Irreversible bool     `json:"irreversible,omitempty"` // with undo: make again what cannot be taken back
}

// RunAnswer is how a run went. Plan is the encoded plan (package plan).
type RunAnswer struct {
	Report engine.Report `json:"report"`
	Plan   []byte        `json:"plan,omitempty"`
	Held   bool          `json:"held"`
}

// TriggerRequest says that something happened: a change in a source, or a login.
type TriggerRequest struct {
	Sync string `json:"sync"`
	On   string `json:"on"`             // "event" or "login"
	User string `json:"user,omitempty"` // who logged in
}

// CheckRequest asks for a test of connections; no names means all.
type CheckRequest struct {
	Names []string `json:"names,omitempty"` // "source.okta.corp"
}

// CheckStep is one step of a connection test that ended.
type CheckStep struct {
	Name        string      `json:"name"`
	Step        string      `json:"step"`
	Outcome     string      `json:"outcome"` // "passed", "failed", "skipped"
	Detail      string      `json:"detail,omitempty"`
	Diagnostics []diag.View `json:"diagnostics,omitempty"`
}

// CheckAnswer sums a test up.
type CheckAnswer struct {
	Passed  int `json:"passed"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"`
}

// StatusAnswer is the state of the whole gateway.
type StatusAnswer struct {
	Version string       `json:"version"`
	Daemon  bool         `json:"daemon"`
	Config  string       `json:"config"`
	Syncs   []SyncStatus `json:"syncs"`
	// Warnings are what somebody should do soon: tokens that end.
	Warnings []string `json:"warnings,omitempty"`
}

// SyncStatus is the state of one sync.
type SyncStatus struct {
	Name     string            `json:"name"`
	From     []string          `json:"from"`
	To       string            `json:"to"`
	Last     *store.Run        `json:"last,omitempty"`
	Next     time.Time         `json:"next,omitzero"`
	Now      *engine.Progress  `json:"now,omitempty"` // of the run that is under way
	Outcomes map[string]int    `json:"outcomes"`
	Leaving  []LeavingEntry    `json:"leaving,omitempty"`
	Held     *HeldPlan         `json:"held,omitempty"`
	Budgets  []engine.Use      `json:"budgets,omitempty"` // those over a window
	Paused   *engine.PauseView `json:"paused,omitempty"`
	// Drift is how what was pushed stands; nil where nothing is compared.
	Drift *engine.DriftReport `json:"drift,omitempty"`
}

// HeldPlan is a plan that waits for an approval.
type HeldPlan struct {
	Digest    string   `json:"digest"`
	Release   string   `json:"release"` // the command
	Approvals []string `json:"approvals,omitempty"`
}

// LeavingEntry is somebody whose time of grace runs.
type LeavingEntry struct {
	Person string    `json:"person"`
	Since  time.Time `json:"since"` // when it was seen that they left
	Due    time.Time `json:"due"`
	Reason string    `json:"reason"`
}

// ShowAnswer is one run in full: its record, its report, what it did.
type ShowAnswer struct {
	Run        store.Run              `json:"run"`
	Report     json.RawMessage        `json:"report,omitempty"`
	Plan       []byte                 `json:"plan,omitempty"`
	Operations []engine.OperationView `json:"operations"`
}

// LookupAnswer is what one source or target says of somebody when asked now.
type LookupAnswer struct {
	Endpoint string   `json:"endpoint"`
	Found    bool     `json:"found"`
	ID       string   `json:"id,omitempty"`
	Username string   `json:"username,omitempty"`
	Email    string   `json:"email,omitempty"`
	Name     string   `json:"name,omitempty"`
	Active   bool     `json:"active,omitempty"`
	Groups   []string `json:"groups,omitempty"`
	Problem  string   `json:"problem,omitempty"`
}

// Error is an answer that is not a success. Code is stable.
type Error struct {
	Status      int         `json:"-"`
	Code        string      `json:"code"` // "usage", "config", "environment", "failed", "held", "not_found"
	Message     string      `json:"message"`
	Diagnostics []diag.View `json:"diagnostics,omitempty"`
	// Run is the report of a run that began and failed.
	Run *RunAnswer `json:"run,omitempty"`
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// The codes of Error.
const (
	CodeUsage       = "usage"
	CodeConfig      = "config"
	CodeEnvironment = "environment"
	CodeFailed      = "failed"
	CodeNotFound    = "not_found"
)

// event is one line of a streamed answer.
type event struct {
	Progress *engine.Progress `json:"progress,omitempty"`
	Step     *CheckStep       `json:"step,omitempty"`
	Result   json.RawMessage  `json:"result,omitempty"`
	Error    *Error           `json:"error,omitempty"`
}
