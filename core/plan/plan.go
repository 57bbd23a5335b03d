// Package plan holds a plan: the ordered steps that bring a target to what the rules
// want, with before-images, reasons and a digest. It is a value that can be printed,
// stored, compared and replayed. It is pure, and it does not decide whether the plan
// may be applied: that is guard.
package plan

import (
	"fmt"
	"slices"

	"syncgateway/core/identity"
	"syncgateway/core/idset"
)

// Class is what a step does. Their order is the order of a plan: what gives comes
// before what takes away.
type Class uint8

// The classes.
const (
	CreateGroup  Class = iota + 1
	RestoreGroup       // a retired group is wanted again
	CreateUser
	Adopt // link to an account that exists; nothing changes in the target
	UpdateUser
	ActivateUser
	AddMember
	RemoveMember
	DeactivateUser
	DeleteUser
	RetireGroup // a group that nothing makes any more: its members go, and it says so
	DeleteGroup
	Release // end the link to an account; nothing changes in the target
)

var classNames = [...]string{"", "create_group", "restore_group", "create_user", "adopt", "update_user", "activate_user", "add_member",
	"remove_member", "deactivate_user", "delete_user", "retire_group", "delete_group", "release"}

// Classes are all classes in the order of a plan.
func Classes() []Class {
	all := make([]Class, 0, len(classNames)-1)
	for c := CreateGroup; c <= Release; c++ {
		all = append(all, c)
	}
	return all
}

// String is the class's name in JSON and in configuration: "add_member".
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "unknown"
}

// MarshalText writes the name.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads a name that String gave.
func (c *Class) UnmarshalText(b []byte) error {
	i := slices.Index(classNames[:], string(b))
	if i <= 0 {
		return fmt.Errorf("unknown class %q", identity.Visible(string(b), 40))
	}
	*c = Class(i)
	return nil
}

// Destructive reports whether a step of the class takes something away.
func (c Class) Destructive() bool { return c >= RemoveMember && c <= DeleteGroup }

// Remote reports whether the step changes something in the target. A group is retired
// in the gateway's own books where the target has no place for a note.
func (s *Step) Remote() bool {
	switch s.Class {
	case Adopt, Release:
		return false
	case RetireGroup, RestoreGroup:
		return len(s.Changes) > 0
	}
	return true
}

// Reversal says whether a step can be taken back.
type Reversal string

// The kinds of Reversal.
const (
	Exact        Reversal = "exact"
	Lossy        Reversal = "lossy"
	Irreversible Reversal = "irreversible"
)

// Reversal is what the class allows at best.
func (c Class) Reversal() Reversal {
	switch c {
	case CreateUser, CreateGroup:
		return Lossy // what was made can be taken away, but invitations were sent and ids stay used
	case DeleteUser, DeleteGroup:
		return Irreversible
	}
	return Exact
}

// Inverse is the class that takes a step of this one back.
func (c Class) Inverse() Class { return inverses[c] }

// A user who was made is deactivated, and not deleted: meanwhile the account may have
// been used.
var inverses = map[Class]Class{
	CreateGroup: DeleteGroup, CreateUser: DeactivateUser, Adopt: Release, UpdateUser: UpdateUser, ActivateUser: DeactivateUser,
	AddMember: RemoveMember, RemoveMember: AddMember, DeactivateUser: ActivateUser, DeleteUser: CreateUser, DeleteGroup: CreateGroup,
	Release: Adopt, RetireGroup: RestoreGroup, RestoreGroup: RetireGroup,
}

// Ref names a record of the target. ID is empty for one that a step of the same plan
// makes.
type Ref struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
	Note string `json:"note,omitempty"` // why to look twice: "grants organisation administration"
}

// Change is one attribute of an update.
type Change struct {
	Field  string   `json:"field"`
	Before []string `json:"before"`
	After  []string `json:"after"`
}

// Image is an account as it was, with its groups.
type Image struct {
	Account *identity.User `json:"account"`
	Groups  []Ref          `json:"groups,omitempty"`
}

// Head is what most readers of a plan need of a step. Person is the join key of whom it
// is for. N and G are the interned ids of the account and the group where they are
// known, P of the person; they are not part of what is stored.
type Head struct {
	Class  Class    `json:"class"`
	Person string   `json:"person,omitempty"`
	User   *Ref     `json:"user,omitempty"`
	Group  *Ref     `json:"group,omitempty"`
	Reason string   `json:"reason"`
	Rule   string   `json:"rule,omitempty"` // "users.include (gateway.hcl:31)"
	Undo   Reversal `json:"undo"`           // what taking it back would be

	P, N, G idset.ID `json:"-"`
}

// Step is one thing to do, whole.
type Step struct {
	Head
	Account *identity.User `json:"account,omitempty"` // create_user: what to make
	Changes []Change       `json:"changes,omitempty"`
	Before  *Image         `json:"before,omitempty"` // what a deactivation or deletion ends
}

// Header says what a plan was made from.
type Header struct {
	Sync   string `json:"sync"`
	Target string `json:"target"`
	Epoch  string `json:"epoch"`            // hash of the configuration
	Undoes string `json:"undoes,omitempty"` // the run whose inverse it is
}

// Plan is a header and its steps in order.
type Plan struct {
	Header
	Steps    Steps
	Warnings []string // for the reader; not part of the digest
	Impacts  []Impact // likewise

	digest string // of the steps, once it was asked for
	packed []byte // the steps, likewise
}

// Sort puts the steps into the order of a plan: by class, then group, then account.
// Equal sets of steps give equal plans.
func (p *Plan) Sort() {
	p.Steps.sort()
	slices.Sort(p.Warnings)
	p.Warnings = slices.Compact(p.Warnings)
}

// Counts are the numbers of steps by class.
func (p *Plan) Counts() map[Class]int {
	counts := map[Class]int{}
	for h, n := range p.Steps.Kinds() {
		counts[h.Class] += n
	}
	return counts
}

// Empty reports whether there is nothing to do.
func (p *Plan) Empty() bool { return p.Steps.Len() == 0 }

// Where returns the plan with the steps that keep lets through.
func (p *Plan) Where(keep func(*Head) bool) *Plan {
	return &Plan{Header: p.Header, Steps: p.Steps.Where(keep), Warnings: p.Warnings, Impacts: p.Impacts}
}
