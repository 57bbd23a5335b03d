package target

import (
	"slices"
	"strconv"

	"syncgateway/examples/synthetic/crowd"
	"syncgateway/sdk"
)

// accounts is what the target has. What is as it was in the beginning takes no memory.
type accounts struct {
	size   crowd.Size
	users  []*sdk.User // by number; nil: as in the beginning
	groups []group     // by number
	byName map[string]int
}

type group struct {
	name    string
	own     bool    // changed since the beginning
	gone    bool    // deleted
	members []int32 // in order, once own
}

// gone stands for an account that was deleted.
var gone = &sdk.User{}

func provisioned(size crowd.Size) accounts {
	a := accounts{size: size, users: make([]*sdk.User, size.Users), groups: make([]group, size.Groups), byName: map[string]int{}}
	for g := range a.groups {
		a.groups[g].name = "team-" + strconv.Itoa(g)
		a.byName[a.groups[g].name] = g
	}
	return a
}

// user is account number i, and whether it is there.
func (a *accounts) user(i int) (sdk.User, bool) {
	switch {
	case i < 0 || i >= len(a.users) || a.users[i] == gone:
		return sdk.User{}, false
	case a.users[i] == nil:
		return crowd.Account(i), true
	}
	return *a.users[i], true
}

func (a *accounts) group(i int) *group {
	if i < 0 || i >= len(a.groups) || a.groups[i].gone {
		return nil
	}
	return &a.groups[i]
}

// members are the numbers of who is in a group, in order.
func (a *accounts) members(g int) []int32 {
	if a.groups[g].own || g >= a.size.Groups {
		return a.groups[g].members
	}
	return a.size.Members(g)
}

func (a *accounts) carryOut(op sdk.Operation) sdk.Result {
	switch op.Kind {
	case sdk.CreateUser:
		u := op.User
		u.ID = crowd.ID("a", len(a.users))
		a.users = append(a.users, &u)
		return sdk.Applied(u.ID)
	case sdk.CreateGroup:
		return a.create(op.Group.Name)
	case sdk.DeleteGroup:
		return a.drop(op.Group.ID)
	case sdk.AddMember, sdk.RemoveMember:
		return a.membership(op)
	}
	return a.change(op)
}

func (a *accounts) create(name string) sdk.Result {
	if g, ok := a.byName[name]; ok {
		return sdk.Already(crowd.ID("t", g))
	}
	a.byName[name] = len(a.groups)
	a.groups = append(a.groups, group{name: name, own: true})
	return sdk.Applied(crowd.ID("t", len(a.groups)-1))
}

func (a *accounts) drop(id string) sdk.Result {
	g := a.group(crowd.Number("t", id))
	if g == nil {
		return sdk.Already("")
	}
	delete(a.byName, g.name)
	*g = group{own: true, gone: true}
	return sdk.Applied("")
}

func (a *accounts) membership(op sdk.Operation) sdk.Result {
	number := crowd.Number("t", op.Member.GroupID)
	g, user := a.group(number), crowd.Number("a", op.Member.UserID)
	if _, there := a.user(user); g == nil || !there {
		return sdk.Failed(sdk.NotFound("there is no group %s or no account %s", op.Member.GroupID, op.Member.UserID))
	}
	if !g.own {
		g.members, g.own = a.members(number), true
	}
	at, is := slices.BinarySearch(g.members, int32(user))
	switch {
	case is == (op.Kind == sdk.AddMember):
		return sdk.Already("")
	case is:
		g.members = slices.Delete(g.members, at, at+1)
	default:
		g.members = slices.Insert(g.members, at, int32(user))
	}
	return sdk.Applied("")
}

func (a *accounts) change(op sdk.Operation) sdk.Result {
	number := crowd.Number("a", op.User.ID)
	u, ok := a.user(number)
	if !ok {
		return sdk.Failed(sdk.NotFound("there is no account %s", op.User.ID))
	}
	switch op.Kind {
	case sdk.UpdateUser:
		for _, name := range op.Changed {
			update(&u, &op.User, name)
		}
	case sdk.ActivateUser, sdk.DeactivateUser:
		u.Active = op.Kind == sdk.ActivateUser
	case sdk.DeleteUser:
		a.leave(number)
		return sdk.Applied("")
	default:
		return sdk.Failed(sdk.Unsupported("%s is not possible here", op.Kind))
	}
	a.users[number] = &u
	return sdk.Applied("")
}

// leave takes an account out of everything.
func (a *accounts) leave(number int) {
	for i := range a.groups {
		members := a.members(i)
		if at, is := slices.BinarySearch(members, int32(number)); is {
			a.groups[i].members, a.groups[i].own = slices.Delete(members, at, at+1), true
		}
	}
	a.users[number] = gone
}

func update(u, from *sdk.User, name string) {
	switch name {
	case "username":
		u.Username = from.Username
	case "email":
		u.Email = from.Email
	case "display_name":
		u.DisplayName = from.DisplayName
	case "attributes.department":
		u.Attributes = slices.Clone(u.Attributes)
		u.Attributes.Set("department", from.Attributes.Get("department")...)
	}
}
