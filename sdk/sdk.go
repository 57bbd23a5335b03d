// Package sdk is what a connector author imports. A connector says what it is (About),
// implements the few methods of its role (source, target or listener) and hands
// itself to ServeSource, ServeTarget or ServeListener; paging on the wire, limits,
// order, panics, cancellation and logging are taken care of here. The package makes
// no request to any remote system: see httpx for that.
//
// A method that returns a Failure says why the remote system refused, and the
// gateway acts by its reason. Any other error counts as ReasonUnavailable: the
// gateway tries a read again, and looks at a record again before it does anything
// else with it. Secrets of the configuration are taken out of every message.
package sdk

import (
	"time"

	"syncgateway/sdk/internal/redact"
	"syncgateway/sdk/record"
)

// Version is the SDK's, as the host shows it.
const Version = "0.1.0"

// The values of the contract, by the names an author uses. Package record has their
// fields: go doc syncgateway/sdk/record User.
type (
	About         = record.About         // what a connector says of itself
	Capabilities  = record.Capabilities  // its optional features
	Kind          = record.Kind          // one sort of record
	KindAttribute = record.KindAttribute // one attribute of a Kind

	User       = record.User       // one person's account
	Group      = record.Group      // one group
	Attributes = record.Attributes // values beyond the typed fields
	Attribute  = record.Attribute  // one of them
	Protected  = record.Protected  // an account that must never be removed
	Quota      = record.Quota      // something that runs out

	ReadRequest   = record.ReadRequest   // asks for users or groups
	StateRequest  = record.StateRequest  // asks for a target's state
	LookupRequest = record.LookupRequest // asks for one record
	Found         = record.Found         // answers it

	GroupUse   = record.GroupUse   // one place that names a group
	GroupUsage = record.GroupUsage // where groups are used

	Operation     = record.Operation     // one change to carry out
	OperationKind = record.OperationKind // what sort of change
	Member        = record.Member        // the membership it is about
	Result        = record.Result        // how it ended
	Outcome       = record.Outcome       // in one word

	Failure  = record.Failure  // the remote system refused
	Reason   = record.Reason   // why it did
	Problem  = record.Problem  // a message about a place in the configuration
	Problems = record.Problems // several at once
)

// The shapes of a Kind.
const (
	UserShape  = record.UserShape
	GroupShape = record.GroupShape
)

// The kinds of operation.
const (
	CreateUser     = record.CreateUser
	UpdateUser     = record.UpdateUser
	ActivateUser   = record.ActivateUser
	DeactivateUser = record.DeactivateUser
	DeleteUser     = record.DeleteUser
	CreateGroup    = record.CreateGroup
	UpdateGroup    = record.UpdateGroup
	DeleteGroup    = record.DeleteGroup
	AddMember      = record.AddMember
	RemoveMember   = record.RemoveMember
)

// The outcomes of an operation.
const (
	OutcomeApplied      = record.OutcomeApplied
	OutcomeAlready      = record.OutcomeAlready
	OutcomeFailed       = record.OutcomeFailed
	OutcomeNotAttempted = record.OutcomeNotAttempted
)

// The reasons of a Failure.
const (
	ReasonAuthentication = record.ReasonAuthentication
	ReasonPermission     = record.ReasonPermission
	ReasonNotFound       = record.ReasonNotFound
	ReasonConflict       = record.ReasonConflict
	ReasonInvalid        = record.ReasonInvalid
	ReasonRateLimited    = record.ReasonRateLimited
	ReasonUnavailable    = record.ReasonUnavailable
	ReasonUnsupported    = record.ReasonUnsupported
	ReasonQuota          = record.ReasonQuota
)

// The severities of a Problem.
const (
	SeverityError   = record.SeverityError
	SeverityWarning = record.SeverityWarning
)

// Redact makes further values secret, beside those of the configuration: a token
// that was exchanged, a cookie. They are taken out of logs, failures and notices.
func Redact(values ...string) { redact.Add(values...) }

// Duration is a schema.Duration in a configuration struct: "15m" in JSON.
type Duration time.Duration

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}
