package convert

import (
	"errors"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"syncgateway/core/identity"
	pb "syncgateway/proto/gateway/plugin/v1"
)

// User makes a message of a user.
func User(u *identity.User) *pb.User {
	if u == nil {
		return nil
	}
	return &pb.User{Id: u.ID, Username: u.Username, Email: u.Email, DisplayName: u.DisplayName, GivenName: u.GivenName,
		FamilyName: u.FamilyName, Active: u.Active, Attributes: attributes(u.Attributes), Version: u.Version, Kind: u.Kind,
		ExternalId: u.ExternalID, StatusChanged: timestamp(u.StatusChanged)}
}

func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// Group makes a message of a group.
func Group(g *identity.Group) *pb.Group {
	if g == nil {
		return nil
	}
	return &pb.Group{Id: g.ID, Name: g.Name, Description: g.Description, Attributes: attributes(g.Attributes),
		Version: g.Version, Kind: g.Kind, ReadOnlyReason: g.ReadOnly, PrivilegedReason: g.Privileged}
}

func attributes(as identity.Attributes) []*pb.AttributeValues {
	out := make([]*pb.AttributeValues, len(as))
	for i, a := range as {
		out[i] = &pb.AttributeValues{Name: a.Name, Values: a.Values}
	}
	return out
}

// FromUser makes a user of a message that gRPC has decoded.
func FromUser(m *pb.User) (identity.User, error) {
	if m.GetId() == "" {
		return identity.User{}, errors.New("a user has no id")
	}
	u := identity.User{ID: m.GetId(), Username: m.GetUsername(), Email: m.GetEmail(), DisplayName: m.GetDisplayName(),
		GivenName: m.GetGivenName(), FamilyName: m.GetFamilyName(), Active: m.GetActive(), Version: m.GetVersion(),
		Kind: orElse(m.GetKind(), "user"), ExternalID: m.GetExternalId(), StatusChanged: fromTimestamp(m.GetStatusChanged())}
	var err error
	u.Attributes, err = fromAttributes(m.GetAttributes())
	return u, err
}

// FromGroup makes a group of a message that gRPC has decoded.
func FromGroup(m *pb.Group) (identity.Group, error) {
	if m.GetId() == "" {
		return identity.Group{}, errors.New("a group has no id")
	}
	g := identity.Group{ID: m.GetId(), Name: m.GetName(), Description: m.GetDescription(), Version: m.GetVersion(),
		Kind: orElse(m.GetKind(), "group"), ReadOnly: m.GetReadOnlyReason(), Privileged: m.GetPrivilegedReason()}
	var err error
	g.Attributes, err = fromAttributes(m.GetAttributes())
	return g, err
}

func fromAttributes(list []*pb.AttributeValues) (identity.Attributes, error) {
	var as identity.Attributes
	for _, a := range list {
		if a.GetName() == "" {
			return nil, errors.New("an attribute has no name")
		}
		as = append(as, identity.Attribute{Name: a.GetName(), Values: a.GetValues()})
	}
	return sorted(as), nil
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
