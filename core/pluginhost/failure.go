package pluginhost

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"syncgateway/core/diag"
)

// Reason says why the remote system refused.
type Reason uint8

// The reasons, numbered as in the plugin contract.
const (
	ReasonAuthentication Reason = iota + 1
	ReasonPermission
	ReasonNotFound
	ReasonConflict
	ReasonInvalid
	ReasonRateLimited
	ReasonUnavailable
	ReasonUnsupported
	ReasonQuota
)

var reasonNames = [...]string{"unknown", "authentication", "permission", "not_found", "conflict", "invalid",
	"rate_limited", "unavailable", "unsupported", "quota"}

// String is the reason's name in journals and JSON. Reasons of later versions of the
// contract are "unknown".
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return reasonNames[0]
}

// Temporary reports whether the same request may succeed later without anybody
// changing anything.
func (r Reason) Temporary() bool { return r == ReasonRateLimited || r == ReasonUnavailable }

// Failure is the remote system's refusal, as the plugin reports it.
type Failure struct {
	Reason     Reason
	Message    string
	RetryAfter time.Duration
	RemoteCode string
	RequestID  string
}

// Error is the message with what identifies the refusal at the remote system.
func (f *Failure) Error() string {
	text := f.Message
	if text == "" {
		text = "the system refused (" + f.Reason.String() + ")"
	}
	var extra []string
	if f.RemoteCode != "" {
		extra = append(extra, f.RemoteCode)
	}
	if f.RequestID != "" {
		extra = append(extra, "request "+f.RequestID)
	}
	if len(extra) > 0 {
		text += " (" + strings.Join(extra, ", ") + ")"
	}
	return text
}

// NotFound reports whether the error says that the remote system answered, and has no
// such record. Nothing else is a reason to believe that somebody is gone.
func NotFound(err error) bool {
	var f *Failure
	return errors.As(err, &f) && f.Reason == ReasonNotFound
}

// BrokenPlugin says that the plugin is at fault: it could not be started, crashed,
// or broke the contract.
type BrokenPlugin struct {
	Address string // "source.okta.corp"; empty when it was only described
	Type    string
	Doing   string   // what was being done: "start", "read users"
	Err     error    // what happened
	Log     []string // its last lines, redacted
	Panic   string   // the text of its panic, redacted
}

// Error is one line; Log and Panic are for whoever shows the details.
func (b *BrokenPlugin) Error() string {
	name := b.Address
	if name == "" {
		name = "plugin " + b.Type
	}
	text := fmt.Sprintf("%s: the plugin failed (%s): %v", name, b.Doing, b.Err)
	if b.Panic != "" {
		first, _, _ := strings.Cut(b.Panic, "\n")
		text += ": " + first
	}
	return text
}

// Unwrap returns what happened.
func (b *BrokenPlugin) Unwrap() error { return b.Err }

// Misconfigured says that the plugin does not accept its configuration. The
// diagnostics have paths into the block, which the caller resolves to its source.
type Misconfigured struct {
	Address     string
	Diagnostics diag.Diagnostics
}

// Error is the first error's summary, with where it is.
func (m *Misconfigured) Error() string {
	for _, d := range m.Diagnostics {
		if d.Severity == diag.Error {
			if len(d.Path) > 0 {
				return fmt.Sprintf("%s: %s: %s", m.Address, d.Path, d.Summary)
			}
			return fmt.Sprintf("%s: %s", m.Address, d.Summary)
		}
	}
	return m.Address + ": the configuration is not accepted"
}

// ErrClosed is returned by plugins that were closed.
var ErrClosed = errors.New("the plugin was closed")

// ErrQuarantined is wrapped in the error of a plugin that crashed too often.
var ErrQuarantined = errors.New("it crashed 5 times within 10 minutes and is not started again; fix the cause, then restart the gateway")
