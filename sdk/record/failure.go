package record

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Reason says why the remote system refused. The host decides by it what to do.
type Reason uint8

// The reasons, numbered as in the plugin contract.
const (
	ReasonAuthentication Reason = iota + 1 // the credential is not accepted
	ReasonPermission                       // the credential may not do this
	ReasonNotFound                         // the system answered, and has no such record
	ReasonConflict                         // something with that name or version is in the way
	ReasonInvalid                          // the request can never succeed as it is
	ReasonRateLimited                      // too many requests; RetryAfter says how long
	ReasonUnavailable                      // no usable answer: whether it was done is unknown
	ReasonUnsupported                      // this system cannot do that
	ReasonQuota                            // no seats, no space
)

var reasonNames = [...]string{"unknown", "authentication", "permission", "not_found", "conflict", "invalid",
	"rate_limited", "unavailable", "unsupported", "quota"}

// String is the reason's name in codes and logs: "rate_limited".
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return reasonNames[0]
}

// Failure is the answer of a remote system that refused. RemoteCode and RequestID
// are what that system calls the error and the request. Message is for a person and
// must say what to do where that is known.
type Failure struct {
	Reason     Reason
	Message    string
	RetryAfter time.Duration
	RemoteCode string
	RequestID  string
	Cause      error
}

// Error is the message with what identifies the refusal at the remote system.
func (f *Failure) Error() string {
	var extra []string
	if f.RemoteCode != "" {
		extra = append(extra, f.RemoteCode)
	}
	if f.RequestID != "" {
		extra = append(extra, "request "+f.RequestID)
	}
	if len(extra) == 0 {
		return f.Message
	}
	return f.Message + " (" + strings.Join(extra, ", ") + ")"
}

// Unwrap returns what made the failure.
func (f *Failure) Unwrap() error { return f.Cause }

// Is makes errors.Is(err, &Failure{Reason: ReasonNotFound}) match by reason.
func (f *Failure) Is(target error) bool {
	t, ok := target.(*Failure)
	return ok && t.Reason == f.Reason && t.Message == "" && t.RemoteCode == ""
}

// Fail makes a Failure. A %w in the format keeps its error as the cause.
func Fail(r Reason, format string, args ...any) *Failure {
	err := fmt.Errorf(format, args...)
	return &Failure{Reason: r, Message: err.Error(), Cause: errors.Unwrap(err)}
}

// AsFailure finds the Failure in an error, keeping the words that wrap it. Any other
// error becomes ReasonUnavailable: nobody knows how far the work came, and the host then
// retries a read and looks again after an operation, which is right for both.
func AsFailure(err error) *Failure {
	if err == nil {
		return nil
	}
	var f *Failure
	if !errors.As(err, &f) {
		return &Failure{Reason: ReasonUnavailable, Message: err.Error(), Cause: err}
	}
	out := *f
	out.Message = strings.Replace(err.Error(), f.Error(), f.Message, 1)
	return &out
}
