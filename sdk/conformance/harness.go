package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Harness makes fakes of the remote system that a connector talks to. The kit opens
// several, and works with them side by side.
type Harness interface {
	// Open makes a fake of its own: nothing of it may be shared with another.
	Open(ctx context.Context) (Remote, error)
}

// HarnessFunc is a Harness of one function.
type HarnessFunc func(ctx context.Context) (Remote, error)

// Open calls the function.
func (f HarnessFunc) Open(ctx context.Context) (Remote, error) { return f(ctx) }

// Remote is one fake. Its methods are never called by two goroutines at once, while
// the connector may be talking to the fake. What it cannot do it answers with Skip.
// A Remote may also be a Changer, an Expirer, a Dumper or a Client.
type Remote interface {
	// About says where the fake is and how a connector is configured for it.
	About() About
	// Seed makes the fake hold these people and groups and, as far as it can, no
	// others. It returns the fake's ids of those whose ids it does not take over.
	Seed(ctx context.Context, c Company) (ids map[string]string, err error)
	// State is what the fake holds, by its own ids: what is not the business of the
	// connector may be left out.
	State(ctx context.Context) (Company, error)
	// Close ends the fake.
	Close() error
}

// Changer changes single things in the fake, as an administrator would. It is needed
// for the checks of delta reads.
type Changer interface {
	Change(ctx context.Context, c Change) error
}

// Expirer makes every delta cursor that was handed out so far too old.
type Expirer interface {
	Expire(ctx context.Context) error
}

// Dumper shows everything the fake holds, also what State leaves out: roles, settings,
// other sorts of record. The keys name the places in the fake. A place may change by an
// operation only when its key holds the id of somebody or something that the operation
// is about.
type Dumper interface {
	Dump(ctx context.Context) (map[string]string, error)
}

// Client tells how a client speaks with a listener.
type Client interface {
	Requests(ctx context.Context) (Requests, error)
}

// About describes a fake. In Config, ${remote} stands for the address under which the
// connector reaches it, ${remote.NAME} for that of another of its addresses.
type About struct {
	Remotes map[string]string `json:"remotes,omitempty"` // base addresses, "main" among them; none: the fake is not an HTTP server
	Config  json.RawMessage   `json:"config,omitempty"`  // the connector's configuration, for a good start
	Secrets []string          `json:"secrets,omitempty"` // fields of Config that hold a secret, where their names do not say so
	TLS     bool              `json:"tls,omitempty"`     // the connector insists on https
	Paging  Paging            `json:"paging,omitzero"`
	Page    int               `json:"page,omitempty"` // most records on a page of the fake's listings; 0: 100
	Skip    map[string]string `json:"skip,omitempty"` // checks that do not apply, by id, and why; "source.delta-*" names several
}

// Paging says where the listings of the fake have their records and the cursor of the
// next page. The zero value is a JSON array with a Link header, rel="next".
type Paging struct {
	Items string `json:"items,omitempty"` // path to the records: "data", "result.items"; with commas where listings differ: "people, teams"
	Next  string `json:"next,omitempty"`  // path to the cursor, or the address, of the next page: "links.next"
}

// Company is people and groups. In a Company that is seeded, ids are names by which
// groups refer to members; in one that comes back they are the fake's own.
type Company struct {
	Users  []User  `json:"users"`
	Groups []Group `json:"groups"`
}

// User is a person or an account.
type User struct {
	ID          string            `json:"id"`
	Username    string            `json:"username,omitempty"`
	Email       string            `json:"email,omitempty"`
	DisplayName string            `json:"display_name,omitempty"`
	GivenName   string            `json:"given_name,omitempty"`
	FamilyName  string            `json:"family_name,omitempty"`
	Active      bool              `json:"active"`
	Attributes  map[string]string `json:"attributes,omitempty"`
	Protected   bool              `json:"protected,omitempty"` // an administrator, or the connector's own account
}

// Group is a group with the ids of its direct members.
type Group struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Users       []string `json:"users,omitempty"`
	Groups      []string `json:"groups,omitempty"`
}

// ChangeKind is what a Change does.
type ChangeKind string

// The kinds of Change, and the fields each uses. Ids are the fake's.
const (
	ChangeCreate       ChangeKind = "create"        // User; its id is a name as in a seed
	ChangeUpdate       ChangeKind = "update"        // User: id, and the new family name
	ChangeDeactivate   ChangeKind = "deactivate"    // User: id
	ChangeDelete       ChangeKind = "delete"        // User: id
	ChangeAddMember    ChangeKind = "add_member"    // User, Group: ids
	ChangeRemoveMember ChangeKind = "remove_member" // User, Group: ids
)

// Change is one change to the fake.
type Change struct {
	Kind  ChangeKind `json:"kind"`
	User  User       `json:"user,omitzero"`
	Group Group      `json:"group,omitzero"`
}

// Requests are what a client of a listener sends. In paths, headers and bodies, ${n}
// stands for a number that differs from call to call.
type Requests struct {
	Create     Request `json:"create"`     // makes a user; answered with success when it is there
	Read       Request `json:"read"`       // reads something, and changes nothing
	Credential string  `json:"credential"` // the header that holds the token: "Authorization"
}

// Request is one HTTP request. Path is below the listener's public address.
type Request struct {
	Method string            `json:"method"`
	Path   string            `json:"path"`
	Header map[string]string `json:"header,omitempty"`
	Body   string            `json:"body,omitempty"`
}

// skipped says that something cannot be done here, and why.
type skipped struct{ reason string }

func (s *skipped) Error() string { return s.reason }

// Skip is the error by which a Remote says that it cannot do something: the check that
// needs it is skipped, with this reason.
func Skip(format string, args ...any) error { return &skipped{fmt.Sprintf(format, args...)} }

// asSkip finds the reason of a Skip in an error.
func asSkip(err error) (string, bool) {
	var s *skipped
	if errors.As(err, &s) {
		return s.reason, true
	}
	return "", false
}
