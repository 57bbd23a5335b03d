package mapping

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"

	"syncgateway/core/identity"
)

// Spec is what a sync block says about people and groups, before compilation. A nil
// expression means the default.
type Spec struct {
	Join    hcl.Expression // how the same person is recognised across sources
	Include hcl.Expression // default: everyone
	Map     []FieldSpec    // nil: DefaultMap
	Groups  GroupSpec
	Scope   Scope // constants and functions; roots are set by NewRules
}

// FieldSpec is one line of users.map: a typed field or "attributes.NAME".
type FieldSpec struct {
	Name string
	Expr hcl.Expression
}

// Rules are the compiled rules of one sync. They are safe for concurrent use. An
// error from them is a *RecordError: it concerns one record alone.
type Rules struct {
	join    *rule // nil: records are never joined
	include *rule // nil: everyone
	fields  []fieldRule
	groups  groupRules
	managed []string
	inputs  sync.Pool
}

// rule is an expression under its setting's name.
type rule struct {
	Rule
	expr *Expr
}

type fieldRule struct {
	rule
	attribute string // empty: a typed field
	field     string
}

const attributePrefix = attributesStep + "."

// NewRules compiles the rules of a sync. The diagnostics are errors in them.
func NewRules(spec Spec) (*Rules, hcl.Diagnostics) {
	r := &Rules{inputs: sync.Pool{New: func() any { return new(Input) }}}
	var diags hcl.Diagnostics
	users, groups := spec.Scope, spec.Scope
	users.Roots, groups.Roots = []string{RootUser}, []string{RootGroup}
	r.join = compileRule("join", spec.Join, String, users, &diags)
	r.include = compileRule("users.include", spec.Include, Bool, users, &diags)
	fields := spec.Map
	if fields == nil {
		fields = defaultFields()
	}
	for _, f := range fields {
		r.addField(f, users, &diags)
	}
	r.groups = compileGroups(spec.Groups, groups, &diags)
	if diags.HasErrors() {
		return nil, diags
	}
	slices.Sort(r.managed)
	return r, nil
}

func (r *Rules) addField(f FieldSpec, scope Scope, diags *hcl.Diagnostics) {
	attribute, isAttribute := strings.CutPrefix(f.Name, attributePrefix)
	want := String
	if isAttribute {
		want = Any
	}
	compiled := compileRule("users.map."+f.Name, f.Expr, want, scope, diags)
	if compiled == nil {
		return
	}
	field := fieldRule{rule: *compiled, field: f.Name}
	if isAttribute {
		field.attribute = normal(attribute)
	}
	r.fields = append(r.fields, field)
	// Attributes last and by name: an account's attributes come out sorted.
	slices.SortStableFunc(r.fields, func(a, b fieldRule) int { return strings.Compare(a.attribute, b.attribute) })
	r.managed = append(r.managed, f.Name)
}

func compileRule(name string, expr hcl.Expression, want Kind, scope Scope, diags *hcl.Diagnostics) *rule {
	if expr == nil {
		return nil
	}
	e, ds := Compile(expr, want, scope)
	*diags = append(*diags, ds...)
	if e == nil {
		return nil
	}
	return &rule{Rule: Rule{Name: name, Range: e.Range()}, expr: e}
}

// Managed are the fields and "attributes.NAME" that the rules set, sorted. Nothing
// else of an account is ever written.
func (r *Rules) Managed() []string { return r.managed }

// Manages tells whether a field or "attributes.NAME" is among Managed.
func (r *Rules) Manages(name string) bool {
	_, ok := slices.BinarySearch(r.managed, name)
	return ok
}

// Joins tells whether records of several sources can be one person. Without a join
// every record is a person by itself.
func (r *Rules) Joins() bool { return r.join != nil }

// Field is the rule that sets a field or "attributes.NAME".
func (r *Rules) Field(name string) (Rule, bool) {
	for _, f := range r.fields {
		if f.field == name {
			return f.Rule, true
		}
	}
	return Rule{}, false
}

// All are the rules in the order in which they are applied.
func (r *Rules) All() []Rule {
	var out []Rule
	for _, x := range r.each() {
		out = append(out, x.Rule)
	}
	return out
}

// Reads are the record values that any rule uses, sorted, as Expr.Reads.
func (r *Rules) Reads() []string {
	var out []string
	for _, x := range r.each() {
		out = append(out, x.expr.Reads()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ReadsOf are the record values that one rule uses; false when there is no such rule.
func (r *Rules) ReadsOf(name string) ([]string, bool) {
	for _, x := range r.each() {
		if x.Name == name {
			return x.expr.Reads(), true
		}
	}
	return nil, false
}

// ReadsGroups tells whether JoinKey or MapUser needs the groups of a person.
func (r *Rules) ReadsGroups() bool {
	return slices.ContainsFunc(r.Reads(), func(s string) bool { return s == "user.groups" || s == RootUser })
}

func (r *Rules) each() []*rule {
	var out []*rule
	for _, x := range []*rule{r.join, r.include} {
		if x != nil {
			out = append(out, x)
		}
	}
	for i := range r.fields {
		out = append(out, &r.fields[i].rule)
	}
	for _, x := range []*rule{r.groups.include, r.groups.name} {
		if x != nil {
			out = append(out, x)
		}
	}
	return out
}

func (r *Rules) input() *Input { return r.inputs.Get().(*Input) }

func (r *Rules) release(in *Input) {
	clear(in.stack[:cap(in.stack)])
	*in = Input{stack: in.stack[:0]}
	r.inputs.Put(in)
}

// JoinKey is what the same person's records have in common across sources. Records
// with an empty key, and all of them when Joins is false, are never joined.
func (r *Rules) JoinKey(u *identity.User, groups []string, source string) (string, error) {
	if r.join == nil {
		return "", nil
	}
	in := r.input()
	defer r.release(in)
	in.User, in.Groups, in.Source = u, groups, source
	v, err := r.join.eval(in, nil)
	return v.Text(), err
}

// MapUser says what the account of a person is to be. groups may be nil when
// ReadsGroups is false. Nothing of the result is shared with u but texts.
func (r *Rules) MapUser(u *identity.User, groups []string, source string, trace *Trace) (Account, error) {
	in := r.input()
	defer r.release(in)
	in.User, in.Groups, in.Source = u, groups, source
	if r.include != nil {
		v, err := r.include.eval(in, trace)
		if err != nil || v.n != 1 {
			return Account{}, err
		}
	}
	return r.account(in, trace)
}

func (r *Rules) account(in *Input, trace *Trace) (Account, error) {
	a := Account{In: true, Active: in.User.Active}
	values := make([]string, 0, len(r.fields))
	for i := range r.fields {
		f := &r.fields[i]
		v, err := f.eval(in, trace)
		if err != nil {
			return Account{}, err
		}
		if f.attribute == "" {
			*a.field(f.field) = v.Text()
			continue
		}
		from := len(values)
		if values = appendValues(values, v); len(values) == from {
			continue
		}
		if a.Attributes == nil {
			a.Attributes = make(identity.Attributes, 0, len(r.fields)-i)
		}
		a.Attributes = append(a.Attributes, identity.Attribute{Name: f.attribute, Values: values[from:len(values):len(values)]})
	}
	return a, nil
}

// appendValues adds the texts of v that are not empty.
func appendValues(values []string, v Value) []string {
	if v.kind != List {
		if s := v.Text(); s != "" {
			values = append(values, s)
		}
		return values
	}
	for _, s := range v.l {
		if s != "" {
			values = append(values, s)
		}
	}
	return values
}

// eval gives the rule's value and notes it in the trace.
func (r *rule) eval(in *Input, trace *Trace) (Value, error) {
	v, err := r.expr.Eval(in)
	if err == nil && v.kind == Null && r.expr.want == Bool {
		err = r.expr.fail("No answer", "The result is null, but true or false is needed. Give missing values a default: coalesce(value, \"\").")
	}
	if err != nil {
		var failure *RecordError
		if errors.As(err, &failure) {
			failure.Rule.Name = r.Name
		}
	}
	if trace != nil {
		step := TraceStep{Rule: r.Rule, Value: v.Text()}
		if err != nil {
			step.Err = err.Error()
		}
		trace.Steps = append(trace.Steps, step)
	}
	return v, err
}
