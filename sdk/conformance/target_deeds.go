package conformance

import (
	"errors"
	"fmt"
	"slices"

	pb "syncgateway/proto/gateway/plugin/v1"
)

// staff is small, with somebody who is inactive, and groups with and without members.
var staff = func() *Company {
	c := crowd(8, 4)
	c.Users = append(c.Users, User{ID: inactive, Username: inactive + domain, Email: inactive + domain, DisplayName: "Left Already"})
	return c
}()

// declares reports whether the connector says that it can do an operation.
func (b *bench) declares(k pb.OperationKind) bool {
	return slices.ContainsFunc(b.run.about.GetKinds(), func(x *pb.Kind) bool { return slices.Contains(x.GetOperations(), k) })
}

// writable are the attributes of the users, or groups, that may be written.
func (b *bench) writable(shape pb.Kind_Shape) []*pb.Attribute {
	var out []*pb.Attribute
	for _, k := range b.run.about.GetKinds() {
		for _, a := range k.GetAttributes() {
			if k.GetShape() == shape && a.GetWritable() {
				out = append(out, a)
			}
		}
	}
	return out
}

// deed is an operation, and how it shows in the state of the fake that it was done.
type deed struct {
	op   *pb.Operation
	done func(Company, *pb.OperationResult) error
}

// newcomer is somebody who is not in any seed.
func newcomer(n int) *pb.User {
	u := person(n)
	return &pb.User{Username: u.Username, Email: u.Email, DisplayName: u.DisplayName, GivenName: u.GivenName, FamilyName: u.FamilyName, Active: true}
}

func (w *world) account(name string) *pb.User {
	u := w.user(name)
	return &pb.User{Id: u.ID, Username: u.Username, Email: u.Email, DisplayName: u.DisplayName, GivenName: u.GivenName, FamilyName: u.FamilyName, Active: u.Active}
}

func (w *world) member(k pb.OperationKind, group, user string) *pb.Operation {
	return &pb.Operation{Kind: k, Member: &pb.Member{GroupId: w.id(group), UserId: w.id(user)}}
}

// deeds are one of every operation that the connector declares.
func (b *bench) deeds(w *world) []deed {
	const newGroup = "kit-new-group"
	group := func(name string) *pb.Group { return &pb.Group{Id: w.id(name), Name: name} }
	active := func(name string, want bool) func(Company, *pb.OperationResult) error {
		return func(c Company, _ *pb.OperationResult) error {
			if u := c.user(w.id(name)); u == nil || u.Active != want {
				return fmt.Errorf("active is not %v", want)
			}
			return nil
		}
	}
	in := func(group, user string, want bool) func(Company, *pb.OperationResult) error {
		return func(c Company, _ *pb.OperationResult) error {
			if g := c.group(w.id(group)); g == nil || contains(g.Users, w.id(user)) != want {
				return fmt.Errorf("being a member is not %v", want)
			}
			return nil
		}
	}
	all := []deed{
		{&pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_CREATE_USER, User: newcomer(900)}, func(c Company, r *pb.OperationResult) error { return created(c, newcomer(900), r) }},
		{&pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_DEACTIVATE_USER, User: w.account("user0002")}, active("user0002", false)},
		{&pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_ACTIVATE_USER, User: w.account(inactive)}, active(inactive, true)},
		{&pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_DELETE_USER, User: w.account("user0003")}, func(c Company, _ *pb.OperationResult) error {
			if c.user(w.id("user0003")) != nil {
				return errors.New("they are still there")
			}
			return nil
		}},
		{&pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_CREATE_GROUP, Group: &pb.Group{Name: newGroup}}, func(c Company, r *pb.OperationResult) error {
			if g := c.group(r.GetRemoteId()); g == nil || g.Name != newGroup {
				return fmt.Errorf("no group %q has the id %q of the result", newGroup, r.GetRemoteId())
			}
			return nil
		}},
		{&pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_DELETE_GROUP, Group: group("group0002")}, func(c Company, _ *pb.OperationResult) error {
			if c.group(w.id("group0002")) != nil {
				return errors.New("it is still there")
			}
			return nil
		}},
		{w.member(pb.OperationKind_OPERATION_KIND_ADD_MEMBER, "group0001", "user0004"), in("group0001", "user0004", true)},
		{w.member(pb.OperationKind_OPERATION_KIND_REMOVE_MEMBER, "group0000", "user0005"), in("group0000", "user0005", false)},
	}
	all = append(all, b.updates(w)...)
	return slices.DeleteFunc(all, func(d deed) bool { return !b.declares(d.op.GetKind()) })
}

func created(c Company, want *pb.User, r *pb.OperationResult) error {
	u := c.user(r.GetRemoteId())
	if u == nil || u.Email != want.GetEmail() && u.Username != want.GetUsername() || !u.Active {
		return fmt.Errorf("nobody of that name is active and has the id %q of the result", r.GetRemoteId())
	}
	return nil
}

// updates change the first attribute that may be changed.
func (b *bench) updates(w *world) []deed {
	var out []deed
	for _, a := range b.writable(pb.Kind_SHAPE_USER) {
		if a.GetCreateOnly() || a.GetName() == "email" || a.GetName() == "username" {
			continue
		}
		u := w.account("user0001")
		setUser(u, a.GetName(), "Changed")
		out = append(out, deed{&pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_UPDATE_USER, User: u, Changed: []string{changedName(a.GetName())}},
			func(c Company, _ *pb.OperationResult) error {
				if got := c.user(u.GetId()); got == nil || stateOf(got, a.GetName()) != "Changed" {
					return fmt.Errorf("%s is not what was written", a.GetName())
				}
				return nil
			}})
		break
	}
	for _, a := range b.writable(pb.Kind_SHAPE_GROUP) {
		if a.GetName() == "name" && !a.GetCreateOnly() {
			g := &pb.Group{Id: w.id("group0003"), Name: "kit-renamed"}
			out = append(out, deed{&pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_UPDATE_GROUP, Group: g, Changed: []string{"name"}},
				func(c Company, _ *pb.OperationResult) error {
					if got := c.group(g.GetId()); got == nil || got.Name != g.GetName() {
						return errors.New("it is not called what was written")
					}
					return nil
				}})
		}
	}
	return out
}
