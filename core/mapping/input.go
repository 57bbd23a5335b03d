package mapping

import (
	"strings"

	"github.com/zclconf/go-cty/cty"

	"syncgateway/core/identity"
)

// The roots of expressions.
const (
	RootUser  = "user"
	RootGroup = "group"
)

// Input is the record an expression is evaluated for: a user or a group. It is not
// safe for concurrent use.
type Input struct {
	User   *identity.User
	Groups []string // of the user, names
	Group  *identity.Group
	Source string

	stack []Value // arguments of the calls under way
}

var userFields = map[string]struct {
	kind Kind
	get  node
}{
	"id":             {String, func(in *Input) (Value, bool) { return text(in.User.ID), true }},
	FieldUsername:    {String, func(in *Input) (Value, bool) { return text(in.User.Username), true }},
	FieldEmail:       {String, func(in *Input) (Value, bool) { return text(in.User.Email), true }},
	FieldDisplayName: {String, func(in *Input) (Value, bool) { return text(in.User.DisplayName), true }},
	FieldGivenName:   {String, func(in *Input) (Value, bool) { return text(in.User.GivenName), true }},
	FieldFamilyName:  {String, func(in *Input) (Value, bool) { return text(in.User.FamilyName), true }},
	"external_id":    {String, func(in *Input) (Value, bool) { return text(in.User.ExternalID), true }},
	"active":         {Bool, func(in *Input) (Value, bool) { return truth(in.User.Active), true }},
	"groups":         {List, func(in *Input) (Value, bool) { return list(in.Groups), true }},
	"source":         {String, func(in *Input) (Value, bool) { return text(in.Source), true }},
}

var groupFields = map[string]struct {
	kind Kind
	get  node
}{
	"id":          {String, func(in *Input) (Value, bool) { return text(in.Group.ID), true }},
	"name":        {String, func(in *Input) (Value, bool) { return text(in.Group.Name), true }},
	"description": {String, func(in *Input) (Value, bool) { return text(in.Group.Description), true }},
	"source":      {String, func(in *Input) (Value, bool) { return text(in.Source), true }},
}

// attributesStep is the name between a root and an attribute.
const attributesStep = "attributes"

// Fields are the typed fields below a root, without attributes.
func Fields(root string) []string {
	var names []string
	if root == RootUser {
		for name := range userFields {
			names = append(names, name)
		}
		return names
	}
	for name := range groupFields {
		names = append(names, name)
	}
	return names
}

func fieldOf(root, name string) (node, Kind, bool) {
	if root == RootUser {
		f, ok := userFields[name]
		return f.get, f.kind, ok
	}
	f, ok := groupFields[name]
	return f.get, f.kind, ok
}

func (in *Input) attributes(root string) identity.Attributes {
	if root == RootUser {
		return in.User.Attributes
	}
	return in.Group.Attributes
}

// attributeValue is how an attribute looks to expressions.
func attributeValue(values []string) Value {
	switch len(values) {
	case 0:
		return Value{}
	case 1:
		return text(values[0])
	}
	return list(values)
}

// object is the record as hcl's own evaluation sees it. Attributes that the
// expression reads and the record lacks are there as null.
func (in *Input) object(root string, reads []string) cty.Value {
	attributes, top := map[string]cty.Value{}, map[string]cty.Value{}
	for _, a := range in.attributes(root) {
		attributes[a.Name] = attributeValue(a.Values).cty(cty.DynamicPseudoType)
	}
	for _, name := range Fields(root) {
		get, _, _ := fieldOf(root, name)
		v, _ := get(in)
		top[name] = v.cty(cty.DynamicPseudoType)
	}
	for _, read := range reads {
		name, ok := strings.CutPrefix(read, root+"."+attributesStep+".")
		if !ok {
			continue
		}
		v := attributeValue(in.attributes(root).Get(name)).cty(cty.DynamicPseudoType)
		attributes[name] = v
		if _, field := top[name]; !field && name != attributesStep {
			top[name] = v
		}
	}
	top[attributesStep] = cty.ObjectVal(attributes)
	return cty.ObjectVal(top)
}

// shape is a stand-in for every record of a root, to check types with.
func shape(root string, reads []string) cty.Value {
	top := map[string]cty.Value{attributesStep: cty.DynamicVal}
	for _, read := range reads {
		if name, ok := strings.CutPrefix(read, root+"."+attributesStep+"."); ok {
			top[name] = cty.DynamicVal
		}
	}
	for _, name := range Fields(root) {
		_, kind, _ := fieldOf(root, name)
		switch kind {
		case Bool:
			top[name] = cty.UnknownVal(cty.Bool).RefineNotNull()
		case List:
			top[name] = cty.UnknownVal(cty.List(cty.String)).RefineNotNull()
		default:
			top[name] = cty.UnknownVal(cty.String).RefineNotNull()
		}
	}
	return cty.ObjectVal(top)
}
