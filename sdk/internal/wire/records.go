package wire

import (
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/record"
)

// clean makes text valid UTF-8, which is all the wire takes.
func clean(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func cleanAll(list []string) []string {
	for i, s := range list {
		if fixed := clean(s); fixed != s {
			list = append(append([]string(nil), list[:i]...), list[i:]...)
			list[i] = fixed
		}
	}
	return list
}

func attributesToProto(as record.Attributes) []*pb.AttributeValues {
	if len(as) == 0 {
		return nil
	}
	sorted := as.Sorted()
	values, out := make([]pb.AttributeValues, len(sorted)), make([]*pb.AttributeValues, len(sorted))
	for i, a := range sorted {
		values[i].Name, values[i].Values = clean(a.Name), cleanAll(a.Values)
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
	m.Version, m.Kind, m.ExternalId = clean(u.Version), u.Kind, clean(u.ExternalID)
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

func usersToProto(users []record.User) []*pb.User {
	values, out := make([]pb.User, len(users)), make([]*pb.User, len(users))
	for i := range users {
		userToProto(&users[i], &values[i])
		out[i] = &values[i]
	}
	return out
}

func groupToProto(g *record.Group, m *pb.Group) {
	m.Id, m.Name, m.Description = clean(g.ID), clean(g.Name), clean(g.Description)
	m.Attributes, m.Version, m.Kind = attributesToProto(g.Attributes), clean(g.Version), g.Kind
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

func membersToProto(m record.Members) *pb.Members {
	return &pb.Members{GroupId: clean(m.GroupID), UserIds: cleanAll(m.UserIDs), ChildGroupIds: cleanAll(m.ChildIDs)}
}

func membersFromProto(m *pb.Members) record.Members {
	return record.Members{GroupID: m.GetGroupId(), UserIDs: m.GetUserIds(), ChildIDs: m.GetChildGroupIds()}
}

func membersListToProto(list []record.Members) []*pb.Members {
	out := make([]*pb.Members, len(list))
	for i := range list {
		out[i] = membersToProto(list[i])
	}
	return out
}

func statePageToProto(p record.StatePage) *pb.StatePage {
	m := &pb.StatePage{Users: usersToProto(p.Users), Groups: groupsToProto(p.Groups), Members: membersListToProto(p.Members)}
	for _, x := range p.Protected {
		m.ProtectedUsers = append(m.ProtectedUsers, &pb.ProtectedUser{UserId: clean(x.UserID), Reason: clean(x.Reason)})
	}
	for _, q := range p.Quotas {
		m.Quotas = append(m.Quotas, &pb.Quota{Name: clean(q.Name), Total: q.Total, Used: q.Used, Unlimited: q.Unlimited,
			GroupIds: cleanAll(q.GroupIDs), NewUsers: q.NewUsers})
	}
	return m
}

func groupPageToProto(p record.GroupPage) *pb.GroupPage {
	return &pb.GroupPage{
		Groups: groupsToProto(p.Groups), Members: membersListToProto(p.Members), RemovedIds: cleanAll(p.Removed),
		RemovedMembers: membersListToProto(p.RemovedMembers), ReplaceMembers: cleanAll(p.Replace),
	}
}
