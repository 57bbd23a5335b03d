package wire

import (
	"google.golang.org/protobuf/types/known/structpb"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/record"
	"syncgateway/sdk/schema"
)

func descriptionToProto(d record.Description) (*pb.DescribeResponse, error) {
	root, err := schemaToProto(d.Config)
	if err != nil {
		return nil, err
	}
	m := &pb.DescribeResponse{
		Type: d.Type, Version: d.Version, Summary: d.Summary, Sdk: d.SDK, Permissions: d.Permissions, Limits: d.Limits,
		Config: &pb.Schema{Root: root},
		Capabilities: &pb.Capabilities{Delta: d.Capabilities.Delta, Lookup: d.Capabilities.Lookup,
			MaxBatch: uint32(d.Capabilities.MaxBatch), Concurrency: uint32(d.Capabilities.Concurrency),
			GroupUsage: d.Capabilities.GroupUsage},
	}
	for _, r := range d.Roles {
		m.Roles = append(m.Roles, pb.Role(r))
	}
	for _, k := range d.Kinds {
		m.Kinds = append(m.Kinds, kindToProto(k))
	}
	return m, nil
}

func kindToProto(k record.Kind) *pb.Kind {
	m := &pb.Kind{Name: k.Name, Shape: pb.Kind_Shape(k.Shape), CaseInsensitiveNames: k.CaseInsensitiveNames,
		MaxNameLength: uint32(k.MaxNameLength)}
	for _, a := range k.Attributes {
		m.Attributes = append(m.Attributes, &pb.Attribute{Name: a.Name, Doc: a.Doc, Multi: a.Multi, Writable: a.Writable,
			Required: a.Required, CreateOnly: a.CreateOnly, MaxLength: uint32(a.MaxLength)})
	}
	for _, o := range k.Operations {
		m.Operations = append(m.Operations, pb.OperationKind(o))
	}
	return m
}

func schemaToProto(s schema.Schema) (*pb.Block, error) {
	m := &pb.Block{}
	for _, f := range s.Fields {
		field := &pb.Field{Name: f.Name, Type: pb.Type(f.Type), Doc: f.Doc, Required: f.Required, Sensitive: f.Sensitive,
			OneOf: f.OneOf, Pattern: f.Pattern, Min: f.Min, Max: f.Max, Example: f.Example, Deprecated: f.Deprecated}
		if f.Default != nil {
			value, err := structpb.NewValue(f.Default)
			if err != nil {
				return nil, err
			}
			field.Default = value
		}
		m.Fields = append(m.Fields, field)
	}
	for _, n := range s.Blocks {
		body, err := schemaToProto(n.Body)
		if err != nil {
			return nil, err
		}
		m.Blocks = append(m.Blocks, &pb.NestedBlock{Name: n.Name, Doc: n.Doc, Body: body, Label: n.Label,
			MinItems: uint32(n.MinItems), MaxItems: uint32(n.MaxItems)})
	}
	return m, nil
}
