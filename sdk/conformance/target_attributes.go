package conformance

import (
	"context"
	"errors"
	"fmt"
	"strings"

	pb "syncgateway/proto/gateway/plugin/v1"
)

// typed are the attributes that have a field of their own.
var typed = map[string]func(*pb.User) *string{
	"username": func(u *pb.User) *string { return &u.Username }, "email": func(u *pb.User) *string { return &u.Email },
	"display_name": func(u *pb.User) *string { return &u.DisplayName }, "given_name": func(u *pb.User) *string { return &u.GivenName },
	"family_name": func(u *pb.User) *string { return &u.FamilyName },
}

// changedName is how Operation.changed calls an attribute.
func changedName(name string) string {
	if typed[name] != nil {
		return name
	}
	return "attributes." + name
}

// setUser gives a user an attribute.
func setUser(u *pb.User, name, to string) {
	if field := typed[name]; field != nil {
		*field(u) = to
		return
	}
	for _, a := range u.GetAttributes() {
		if a.GetName() == name {
			a.Values = []string{to}
			return
		}
	}
	u.Attributes = append(u.Attributes, &pb.AttributeValues{Name: name, Values: []string{to}})
}

// valueOf is an attribute of a user as the connector shows it.
func valueOf(u *pb.User, name string) string {
	if field := typed[name]; field != nil {
		return *field(u)
	}
	for _, a := range u.GetAttributes() {
		if a.GetName() == name && len(a.GetValues()) > 0 {
			return a.GetValues()[0]
		}
	}
	return ""
}

// stateOf is an attribute of a user as the fake shows it.
func stateOf(u *User, name string) string {
	switch name {
	case "username":
		return u.Username
	case "email":
		return u.Email
	case "display_name":
		return u.DisplayName
	case "given_name":
		return u.GivenName
	case "family_name":
		return u.FamilyName
	}
	return u.Attributes[name]
}

// ordinary is how long a value is for which no limit is declared.
const ordinary = 40

// filled is a value of no more than so many bytes, with letters of many scripts in it.
// One at its greatest length is plain: a limit may count bytes or letters.
func filled(name string, length int, longest bool) string {
	if name == "email" || name == "username" {
		return address(length)
	}
	if longest {
		return strings.Repeat("x", length)
	}
	text := "Zoë 大江 & <O'Hara> \"x\""
	return strings.TrimSpace(strings.ToValidUTF8(text[:min(len(text), length)], ""))
}

// address is an e-mail address of that length, if one can be that long.
func address(length int) string {
	local := min(64, max(length-len(domain), 1))
	host := strings.TrimPrefix(domain, "@")
	for local+1+len(host) < length {
		label := min(60, length-local-1-len(host)-1)
		if label < 1 {
			break
		}
		host = strings.Repeat("d", label) + "." + host
	}
	return strings.Repeat("a", local) + "@" + host
}

// attributes makes somebody with every attribute that may be written, and somebody with
// each at its greatest length.
func attributes(ctx context.Context, b *bench) error {
	if !b.declares(pb.OperationKind_OPERATION_KIND_CREATE_USER) {
		return Skip("the connector does not create users")
	}
	list := b.writable(pb.Kind_SHAPE_USER)
	if len(list) == 0 {
		return errors.New("the connector creates users, and declares no attribute that may be written")
	}
	if _, err := b.seed(ctx, staff); err != nil {
		return err
	}
	for _, longest := range []bool{false, true} {
		u := newcomer(901)
		if longest {
			u = newcomer(902)
		}
		wants := map[string]string{}
		for _, a := range list {
			length, most := ordinary, int(a.GetMaxLength())
			if most > 0 && (longest || most < ordinary) {
				length = most
			}
			wants[a.GetName()] = filled(a.GetName(), length, longest && most > 0)
			if name := a.GetName(); name == "email" || name == "username" {
				wants[name] = fmt.Sprintf("%c%s", 'a'+b.ops%26, wants[name][1:])
			}
			setUser(u, a.GetName(), wants[a.GetName()])
		}
		if err := b.roundTrip(ctx, u, wants); err != nil {
			return err
		}
	}
	b.sawf("%d attributes", len(list))
	return nil
}

func (b *bench) roundTrip(ctx context.Context, u *pb.User, wants map[string]string) error {
	op := &pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_CREATE_USER, User: u}
	a, err := b.apply(ctx, op)
	if err == nil {
		err = a.ended(op, outApplied)
	}
	if err != nil {
		return err
	}
	id := a.results[op.GetId()].GetRemoteId()
	now, err := b.state(ctx)
	if err != nil {
		return err
	}
	r, err := b.again(ctx, readState, request{})
	if err == nil {
		err = r.whole()
	}
	if err != nil {
		return err
	}
	there := now.user(id)
	if there == nil {
		return fmt.Errorf("%s gave the id %q, which nobody has", what(op), id)
	}
	shown := &pb.User{}
	for _, x := range r.users {
		if x.GetId() == id {
			shown = x
		}
	}
	var wrong []error
	for name, want := range wants {
		if got := valueOf(shown, name); got != want && stateOf(there, name) != want {
			wrong = append(wrong, fmt.Errorf("%s of %d bytes: written %.60q, read %.60q", name, len(want), want, got))
		}
	}
	return errors.Join(wrong...)
}
