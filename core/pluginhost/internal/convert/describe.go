package convert

import (
	"fmt"
	"regexp"

	"syncgateway/core/schema"
	pb "syncgateway/proto/gateway/plugin/v1"
)

// What a description may hold at most, so that a hostile one does not fill memory or
// the reference page.
const (
	maxDepth = 8
	maxItems = 1000
)

var (
	typeName  = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	fieldName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

// ValidType reports whether a plugin type is well formed: it becomes a part of file
// names.
func ValidType(name string) bool { return len(name) <= 64 && typeName.MatchString(name) }

// Description decodes what a plugin says of itself.
func Description(m *pb.DescribeResponse) (*schema.Plugin, error) {
	if !ValidType(m.GetType()) {
		return nil, fmt.Errorf("it gives its type as %q, which is not lower-case words with hyphens", m.GetType())
	}
	p := &schema.Plugin{Type: m.GetType(), Version: m.GetVersion(), Summary: m.GetSummary(), SDK: m.GetSdk(),
		Permissions: m.GetPermissions(), Limits: m.GetLimits(),
		Capabilities: schema.Capabilities{Delta: m.GetCapabilities().GetDelta(), Lookup: m.GetCapabilities().GetLookup(),
			MaxBatch: int(m.GetCapabilities().GetMaxBatch()), Concurrency: int(m.GetCapabilities().GetConcurrency()),
			GroupUsage: m.GetCapabilities().GetGroupUsage()}}
	for _, r := range m.GetRoles() {
		if r >= pb.Role_ROLE_SOURCE && r <= pb.Role_ROLE_TARGET {
			p.Roles = append(p.Roles, schema.Role(r))
		}
	}
	if len(p.Roles) == 0 {
		return nil, fmt.Errorf("it has no role that this gateway knows")
	}
	var err error
	if p.Config, err = block(m.GetConfig().GetRoot(), 0); err != nil {
		return nil, err
	}
	if len(m.GetKinds()) > maxItems {
		return nil, fmt.Errorf("it has %d kinds of records", len(m.GetKinds()))
	}
	for _, k := range m.GetKinds() {
		kind, err := kindOf(k)
		if err != nil {
			return nil, err
		}
		p.Kinds = append(p.Kinds, kind)
	}
	return p, nil
}

func block(m *pb.Block, depth int) (schema.Block, error) {
	var b schema.Block
	if depth > maxDepth || len(m.GetFields())+len(m.GetBlocks()) > maxItems {
		return b, fmt.Errorf("its configuration schema is too deep or too large")
	}
	seen := map[string]bool{}
	named := func(name string) error {
		if !fieldName.MatchString(name) || seen[name] {
			return fmt.Errorf("its configuration schema has a field %q, which is not well formed or there twice", name)
		}
		seen[name] = true
		return nil
	}
	for _, f := range m.GetFields() {
		if err := named(f.GetName()); err != nil {
			return b, err
		}
		field, err := fieldOf(f)
		if err != nil {
			return b, err
		}
		b.Fields = append(b.Fields, field)
	}
	for _, n := range m.GetBlocks() {
		if err := named(n.GetName()); err != nil {
			return b, err
		}
		body, err := block(n.GetBody(), depth+1)
		if err != nil {
			return b, err
		}
		b.Blocks = append(b.Blocks, schema.NestedBlock{Name: n.GetName(), Doc: n.GetDoc(), Body: body,
			MinItems: int(n.GetMinItems()), MaxItems: int(n.GetMaxItems()), Label: n.GetLabel()})
	}
	return b, nil
}

func fieldOf(f *pb.Field) (schema.Field, error) {
	if f.GetType() < pb.Type_TYPE_STRING || f.GetType() > pb.Type_TYPE_STRING_MAP {
		return schema.Field{}, fmt.Errorf("its field %q has a type that this gateway does not know", f.GetName())
	}
	if _, err := regexp.Compile(f.GetPattern()); err != nil {
		return schema.Field{}, fmt.Errorf("its field %q has a pattern that is not a regular expression", f.GetName())
	}
	field := schema.Field{Name: f.GetName(), Type: schema.Type(f.GetType()), Doc: f.GetDoc(), Required: f.GetRequired(),
		Sensitive: f.GetSensitive(), OneOf: f.GetOneOf(), Pattern: f.GetPattern(), Min: f.Min, Max: f.Max,
		Example: f.GetExample(), Deprecated: f.GetDeprecated()}
	if f.Default != nil {
		field.Default = f.GetDefault().AsInterface()
	}
	return field, nil
}

func kindOf(m *pb.Kind) (schema.Kind, error) {
	k := schema.Kind{Name: m.GetName(), Shape: schema.Shape(m.GetShape()), CaseInsensitiveNames: m.GetCaseInsensitiveNames(),
		MaxNameLength: int(m.GetMaxNameLength())}
	if k.Name == "" || k.Shape != schema.UserShape && k.Shape != schema.GroupShape {
		return k, fmt.Errorf("its kind %q has no name, or a shape that this gateway does not know", m.GetName())
	}
	if len(m.GetAttributes()) > maxItems {
		return k, fmt.Errorf("its kind %q has %d attributes", m.GetName(), len(m.GetAttributes()))
	}
	for _, a := range m.GetAttributes() {
		k.Attributes = append(k.Attributes, schema.Attribute{Name: a.GetName(), Doc: a.GetDoc(), Multi: a.GetMulti(),
			Writable: a.GetWritable(), Required: a.GetRequired(), CreateOnly: a.GetCreateOnly(), MaxLength: int(a.GetMaxLength())})
	}
	for _, o := range m.GetOperations() {
		if o >= pb.OperationKind_OPERATION_KIND_CREATE_USER && o <= pb.OperationKind_OPERATION_KIND_REMOVE_MEMBER {
			k.Operations = append(k.Operations, schema.Operation(o))
		}
	}
	return k, nil
}
