package record

import "syncgateway/sdk/schema"

// About is what a connector says of itself. The answer must not depend on
// configuration, environment or network.
type About struct {
	Type         string // "okta": the label of its block, and the binary's name after "gateway-"
	Version      string
	Summary      string // one line
	Permissions  string // Markdown: what the credential must be allowed to do
	Limits       string // Markdown: rate limits and known limits of the remote system
	Config       schema.Schema
	Kinds        []Kind
	Capabilities Capabilities
}

// Capabilities are optional features. Lookup and GroupUsage are set by the SDK for
// connectors that have the method; Delta is for the author to declare.
type Capabilities struct {
	Delta       bool
	Lookup      bool
	MaxBatch    int // operations per Apply; 0: the host's default
	Concurrency int // Apply calls worth having in flight; 0: one
	GroupUsage  bool
}

// Shape is what a Kind's records look like.
type Shape uint8

// The shapes, numbered as in the plugin contract.
const (
	UserShape Shape = iota + 1
	GroupShape
)

// Kind is one sort of record: "user", "group", "customer", "organization".
// Operations is for targets; without any the kind is read-only.
type Kind struct {
	Name                 string
	Shape                Shape
	Attributes           []KindAttribute
	Operations           []OperationKind
	CaseInsensitiveNames bool // "Devs" and "devs" collide
	MaxNameLength        int
}

// KindAttribute is one attribute of a Kind. The typed fields of a record (username,
// email, display_name, …) are named too where they may be written.
type KindAttribute struct {
	Name       string
	Doc        string
	Multi      bool
	Writable   bool
	Required   bool
	CreateOnly bool
	MaxLength  int
}

// Role is what a connector can be used as.
type Role uint8

// The roles, numbered as in the plugin contract.
const (
	RoleSource Role = iota + 1
	RoleListener
	RoleTarget
)

// Description is an About with what the SDK adds to it.
type Description struct {
	About
	SDK   string // "go/0.1.0"
	Roles []Role
}

// ConfigureRequest carries a block's decoded body. Sensitive are the paths of
// values that must never be shown. StateDir is private to the instance.
type ConfigureRequest struct {
	Instance  string // "source.okta.corp"
	JSON      []byte
	Sensitive []Path
	StateDir  string
}

// CheckOutcome is how a step of a check ended.
type CheckOutcome uint8

// The outcomes, numbered as in the plugin contract.
const (
	CheckPassed CheckOutcome = iota + 1
	CheckFailed
	CheckSkipped
)

// CheckStep is one step of a check that ended. Detail is what was seen, where that
// helps: "500 users visible".
type CheckStep struct {
	Name     string
	Outcome  CheckOutcome
	Problems Problems
	Detail   string
}

// Notice is something worth telling about one record: "skipped: no e-mail".
type Notice struct {
	RecordID string
	Problem  Problem
}
