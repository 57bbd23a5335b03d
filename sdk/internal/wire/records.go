package wire

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/record"
)

func attributesToProto(as record.Attributes) []*pb.AttributeValues {
	if len(as) == 0 {
		return nil
	}
	as = validAttributes(as)
	values, out := make([]pb.AttributeValues, len(as)), make([]*pb.AttributeValues, len(as))
	for i, a := range as {
		values[i].Name, values[i].Values = a.Name, a.Values
		out[i] = &values[i]
	}
	return out
}

func attributesFromProto(list []*pb.AttributeValues) record.Attributes {
	if len(list) == 0 {
		return nil
	}
	out := make(record.Attributes, len(list))
	for i, a := range list {
		out[i] = record.Attribute{Name: a.GetName(), Values: a.GetValues()}
	}
	return out
}

func userToProto(u *record.User, m *pb.User) {
	m.Id, m.Username, m.Email = clean(u.ID), clean(u.Username), clean(u.Email)
	m.DisplayName, m.GivenName, m.FamilyName = clean(u.DisplayName), clean(u.GivenName), clean(u.FamilyName)
	m.Active, m.Attributes = u.Active, attributesToProto(u.Attributes)
	m.Version, m.Kind, m.ExternalId = clean(u.Version), clean(u.Kind), clean(u.ExternalID)
	if !u.StatusChanged.IsZero() {
		m.StatusChanged = timestamppb.New(u.StatusChanged)
	}
}

func userFromProto(m *pb.User) record.User {
	var changed time.Time
	if m.GetStatusChanged().IsValid() {
		changed = m.GetStatusChanged().AsTime()
	}
	return record.User{
		ID: m.GetId(), Username: m.GetUsername(), Email: m.GetEmail(),
		DisplayName: m.GetDisplayName(), GivenName: m.GetGivenName(), FamilyName: m.GetFamilyName(),
		Active: m.GetActive(), Attributes: attributesFromProto(m.GetAttributes()),
		Version: m.GetVersion(), Kind: m.GetKind(), ExternalID: m.GetExternalId(), StatusChanged: changed,
	}
}

func groupToProto(g *record.Group, m *pb.Group) {
	m.Id, m.Name, m.Description = clean(g.ID), clean(g.Name), clean(g.Description)
	m.Attributes, m.Version, m.Kind = attributesToProto(g.Attributes), clean(g.Version), clean(g.Kind)
	m.ReadOnlyReason, m.PrivilegedReason = clean(g.ReadOnlyReason), clean(g.PrivilegedReason)
}

func groupFromProto(m *pb.Group) record.Group {
	return record.Group{
		ID: m.GetId(), Name: m.GetName(), Description: m.GetDescription(),
		Attributes: attributesFromProto(m.GetAttributes()), Version: m.GetVersion(), Kind: m.GetKind(),
		ReadOnlyReason: m.GetReadOnlyReason(), PrivilegedReason: m.GetPrivilegedReason(),
	}
}

func groupsToProto(groups []record.Group) []*pb.Group {
	values, out := make([]pb.Group, len(groups)), make([]*pb.Group, len(groups))
	for i := range groups {
		groupToProto(&groups[i], &values[i])
		out[i] = &values[i]
	}
	return out
}
