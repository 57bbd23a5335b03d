package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"syncgateway/plugins/scim/engine/filter"
	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
	"syncgateway/sdk/record"
)

// Error is a refusal as a client sees it: the status, the scimType where there is one,
// and a sentence for an administrator.
type Error struct {
	Status     int
	Type       string
	Detail     string
	RetryAfter time.Duration
	Allow      string // the methods there are, with 405
}

func (e *Error) Error() string { return e.Detail }

// The scimTypes of RFC 7644 section 3.12 and RFC 9865 section 3.3.
const (
	invalidFilter = "invalidFilter"
	invalidSyntax = "invalidSyntax"
	invalidPath   = "invalidPath"
	invalidValue  = "invalidValue"
	invalidVers   = "invalidVers"
	noTarget      = "noTarget"
	mutability    = "mutability"
	uniqueness    = "uniqueness"
	invalidCursor = "invalidCursor"
	expiredCursor = "expiredCursor"
	invalidCount  = "invalidCount"
)

func bad(kind, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Type: kind, Detail: fmt.Sprintf(format, args...)}
}

func refuse(status int, format string, args ...any) *Error {
	return &Error{Status: status, Detail: fmt.Sprintf(format, args...)}
}

func missing(t *schema.ResourceType, id string) *Error {
	return refuse(http.StatusNotFound, "There is no %s with the id %s.", t.Name, value.Visible(id))
}

// filterError is what a client sees of a filter or path that is wrong.
func filterError(err error) *Error {
	var f *filter.Error
	if errors.As(err, &f) && !f.InFilter {
		return bad(invalidPath, "The path is not valid: %s.", err)
	}
	return bad(invalidFilter, "The filter is not valid: %s.", err)
}

// asError is what a client sees of any error. Only what is meant for it is shown.
func asError(err error) *Error {
	var (
		own    *Error
		wrong  *schema.ValueError
		syntax *value.SyntaxError
		tree   *filter.Error
		failed *record.Failure
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &wrong):
		return bad(invalidValue, "%s.", wrong)
	case errors.As(err, &syntax):
		return bad(invalidSyntax, "The request body is not valid: %s.", syntax)
	case errors.As(err, &tree):
		return filterError(tree)
	case errors.As(err, &failed):
		return fromDirectory(failed)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &Error{Status: http.StatusServiceUnavailable, Detail: "The request took too long; try again.", RetryAfter: time.Second}
	}
	return refuse(http.StatusInternalServerError, "Something went wrong here; try again.")
}

func fromDirectory(f *record.Failure) *Error {
	switch f.Reason {
	case record.ReasonNotFound:
		return refuse(http.StatusNotFound, "There is no such resource.")
	case record.ReasonConflict:
		if f.RemoteCode == record.ConflictUniqueness {
			return &Error{Status: http.StatusConflict, Type: uniqueness, Detail: "Another resource has the same value."}
		}
		return refuse(http.StatusPreconditionFailed, "The resource has been changed since; read it again.")
	case record.ReasonInvalid:
		return bad(invalidValue, "The directory does not take this value.")
	case record.ReasonRateLimited:
		return &Error{Status: http.StatusTooManyRequests, Detail: "Too many requests; try again later.", RetryAfter: max(f.RetryAfter, time.Second)}
	case record.ReasonQuota:
		return refuse(http.StatusInsufficientStorage, "The directory is full.")
	}
	return &Error{Status: http.StatusServiceUnavailable, Detail: "The directory cannot be reached; try again.", RetryAfter: max(f.RetryAfter, time.Second)}
}

// explain gives the directory's refusal the words of the resource.
func explain(err error, t *schema.ResourceType, id string) error {
	var f *record.Failure
	switch {
	case !errors.As(err, &f):
		return err
	case f.Reason == record.ReasonNotFound:
		return missing(t, id)
	case f.RemoteCode == record.ConflictUniqueness:
		return &Error{Status: http.StatusConflict, Type: uniqueness,
			Detail: fmt.Sprintf("Another %s has the same %s.", t.Name, strings.Join(t.Uniques(), " or "))}
	}
	return err
}

func isVersionConflict(err error) bool {
	var f *record.Failure
	return errors.As(err, &f) && f.Reason == record.ReasonConflict && f.RemoteCode != record.ConflictUniqueness
}

// object is the error's body: the SCIM 2.0 message, and what 1.1 clients read beside it.
func (e *Error) object(f *face) value.Object {
	status := fmt.Sprint(e.Status)
	if f.v1 {
		return value.Object{{Name: "Errors", Value: []any{value.Object{{Name: "description", Value: e.Detail}, {Name: "code", Value: status}}}},
			{Name: "detail", Value: e.Detail}, {Name: "status", Value: status}}
	}
	o := value.Object{{Name: "schemas", Value: []any{errorURI}}, {Name: "status", Value: status}}
	if e.Type != "" {
		o = append(o, value.Member{Name: "scimType", Value: e.Type})
	}
	return append(o, value.Member{Name: "detail", Value: e.Detail})
}
