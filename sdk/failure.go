package sdk

import (
	"fmt"
	"strings"
	"time"

	"syncgateway/sdk/record"
)

// Fail makes a Failure with the given reason; a %w keeps its error as the cause.
func Fail(r Reason, format string, args ...any) *Failure { return record.Fail(r, format, args...) }

// NotFound says that the system answered and has no such record. Return it only
// then: it is the witness by which people are removed.
func NotFound(format string, args ...any) *Failure { return Fail(ReasonNotFound, format, args...) }

// Denied says that the credential works but may not do this.
func Denied(format string, args ...any) *Failure { return Fail(ReasonPermission, format, args...) }

// Unauthenticated says that the credential is not accepted.
func Unauthenticated(format string, args ...any) *Failure {
	return Fail(ReasonAuthentication, format, args...)
}

// Conflict says that something with that name or version is in the way.
func Conflict(format string, args ...any) *Failure { return Fail(ReasonConflict, format, args...) }

// Invalid says that the request can never succeed as it is.
func Invalid(format string, args ...any) *Failure { return Fail(ReasonInvalid, format, args...) }

// RateLimited says that the remote system wants to be left alone for a while.
func RateLimited(after time.Duration, format string, args ...any) *Failure {
	f := Fail(ReasonRateLimited, format, args...)
	f.RetryAfter = after
	return f
}

// Unavailable says that there was no usable answer, so nobody knows what was done.
func Unavailable(format string, args ...any) *Failure {
	return Fail(ReasonUnavailable, format, args...)
}

// Unsupported says that the system cannot do that.
func Unsupported(format string, args ...any) *Failure {
	return Fail(ReasonUnsupported, format, args...)
}

// OutOfQuota says that there are no seats or there is no space left.
func OutOfQuota(format string, args ...any) *Failure { return Fail(ReasonQuota, format, args...) }

// AsFailure finds the Failure in an error; any other error is ReasonUnavailable.
func AsFailure(err error) *Failure { return record.AsFailure(err) }

// Is reports whether the error holds a Failure with that reason.
func Is(err error, r Reason) bool { return err != nil && record.AsFailure(err).Reason == r }

// Place is a value in the configuration block, to hang messages on.
type Place struct {
	path record.Path
	code string
}

// At names a value in the configuration block: "base_url", `auth[0].scopes["a"]`.
func At(path string) Place { return Place{path: record.ParsePath(path)} }

// Code gives the messages made of the place a stable code for programs.
func (p Place) Code(code string) Place { p.code = code; return p }

// Errorf is an error about that value, for Configure to return. The first line is
// the summary, what follows is the detail. Several are returned with errors.Join.
func (p Place) Errorf(format string, args ...any) error {
	return p.problem(SeverityError, format, args)
}

// Warnf is a message about that value that does not keep the plugin from working.
func (p Place) Warnf(format string, args ...any) error {
	return p.problem(SeverityWarning, format, args)
}

func (p Place) problem(s record.Severity, format string, args []any) *Problem {
	summary, detail, _ := strings.Cut(fmt.Sprintf(format, args...), "\n")
	return &Problem{Severity: s, Code: p.code, Summary: summary, Detail: detail, Path: p.path}
}
