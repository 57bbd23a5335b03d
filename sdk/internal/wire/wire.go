// Package wire turns the SDK's values into the messages of the plugin contract and
// back, and serves the contract's services. It is the only package of the SDK that
// knows both. It decides nothing: paging, order and retries are the caller's.
package wire

import (
	"context"
	"net"
	"time"

	"syncgateway/sdk/record"
)

// Plugin is a connector as the services see it. Source, Target and Listener are nil
// for the roles it does not have. Errors of the role methods are in-band failures,
// except those made by Broken.
type Plugin struct {
	Describe  record.Description
	Configure func(context.Context, record.ConfigureRequest) record.Problems
	Check     func(context.Context, func(record.CheckStep) error) error
	Source    Source
	Target    Target
	Listener  Listener
}

// Source is the role of plugins that are asked.
type Source interface {
	ReadUsers(context.Context, record.ReadRequest, UserSink) error
	ReadGroups(context.Context, record.ReadRequest, GroupSink) error
	Lookup(context.Context, record.LookupRequest) (record.Found, error)
}

// Target is the role of plugins that are written to.
type Target interface {
	ReadState(context.Context, record.StateRequest, StateSink) error
	Apply(ctx context.Context, runID string, ops []record.Operation, results ResultSink) error
	GroupUsage(ctx context.Context, groupIDs []string) (record.GroupUsage, error)
}

// Listener is the role of plugins that are pushed to. Listen serves until ctx ends,
// then has grace to finish.
type Listener interface {
	Listen(ctx context.Context, directory Directory, l net.Listener, publicURL string) error
}

// Directory is the host's directory.
type Directory interface {
	Call(context.Context, record.DirectoryCall) (record.DirectoryReply, error)
	Hint(ctx context.Context, userIDs, groupIDs []string) error
}

// Events are what every read may send beside its pages. None of the sinks may be
// used by two goroutines at once.
type Events interface {
	Notice(record.Notice) error
	Waiting(reason string, until time.Time) error
	Complete(record.Complete) error
	Failure(*record.Failure) error
}

// Restarts are what reads with cursors may send beside their pages.
type Restarts interface {
	Checkpoint(resume []byte) error
	Reset(reason string) error
}

// UserSink takes a read of users.
type UserSink interface {
	Events
	Restarts
	Users(record.UserPage) error
}

// GroupSink takes a read of groups.
type GroupSink interface {
	Events
	Restarts
	Groups(record.GroupPage) error
}

// StateSink takes a read of a target.
type StateSink interface {
	Events
	State(record.StatePage) error
}

// ResultSink takes the results of operations.
type ResultSink interface {
	Result(record.Result) error
	Waiting(reason string, until time.Time) error
}
