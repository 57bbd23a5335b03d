package jsonfile

import (
	"context"
	"slices"
	"strconv"

	"syncgateway/sdk"
)

// TargetAbout describes the target.
func TargetAbout(version string) sdk.About {
	return sdk.About{
		Type: "jsonfile-target", Version: version, Summary: "Accounts and groups in a JSON file.", Config: configSchema(),
		Kinds: []sdk.Kind{
			{Name: "user", Shape: sdk.UserShape, Attributes: []sdk.KindAttribute{{Name: "username", Writable: true},
				{Name: "email", Writable: true, Required: true}, {Name: "display_name", Writable: true}, {Name: "given_name", Writable: true},
				{Name: "family_name", Writable: true}, {Name: "department", Writable: true}},
				Operations: []sdk.OperationKind{sdk.CreateUser, sdk.UpdateUser, sdk.ActivateUser, sdk.DeactivateUser, sdk.DeleteUser}},
			{Name: "group", Shape: sdk.GroupShape, CaseInsensitiveNames: true, MaxNameLength: 255,
				Attributes: []sdk.KindAttribute{{Name: "description", Writable: true}},
				Operations: []sdk.OperationKind{sdk.CreateGroup, sdk.UpdateGroup, sdk.DeleteGroup, sdk.AddMember, sdk.RemoveMember}},
		},
	}
}

// Target keeps the file.
type Target struct{ c Config }

// Configure implements sdk.Target.
func (t *Target) Configure(_ context.Context, c Config) error {
	t.c = c
	return nil
}

// Check implements sdk.Target.
func (t *Target) Check(_ context.Context, steps sdk.Steps) {
	steps.Run("read the file", func() error { _, err := load(t.c.Path, false); return err })
}

// ReadState implements sdk.Target.
func (t *Target) ReadState(_ context.Context, req sdk.StateRequest, w *sdk.StateWriter) error {
	f, err := load(t.c.Path, false)
	if err != nil {
		return err
	}
	if f.fault("state_fail") {
		return sdk.Unavailable("nobody answers")
	}
	for i := range f.Users {
		u := &f.Users[i]
		if req.Targeted() && !slices.Contains(req.UserIDs, u.ID) && !slices.ContainsFunc(req.Emails, func(e string) bool { return sameText(e, u.Email) }) {
			continue
		}
		if err := t.writeUser(u, w); err != nil {
			return err
		}
	}
	for _, g := range f.Groups {
		if req.Targeted() && !slices.Contains(req.GroupIDs, g.ID) && !slices.ContainsFunc(req.GroupNames, func(n string) bool { return sameText(n, g.Name) }) {
			continue
		}
		r := sdk.Group{ID: g.ID, Name: g.Name, Description: g.Description, ReadOnlyReason: g.ReadOnly, PrivilegedReason: g.Privileged}
		if req.Targeted() {
			r.UserIDs = f.members(g.ID) // otherwise they come with the users
		}
		if err := w.AddGroups(r); err != nil {
			return err
		}
	}
	return w.Complete(nil)
}

func (t *Target) writeUser(u *User, w *sdk.StateWriter) error {
	if err := w.AddUsers(u.record()); err != nil {
		return err
	}
	for _, g := range u.Groups {
		if err := w.AddMembers(g, u.ID); err != nil {
			return err
		}
	}
	if u.Protected == "" {
		return nil
	}
	return w.Protect(u.ID, u.Protected)
}

// ApplyOne implements sdk.OperationApplier.
func (t *Target) ApplyOne(_ context.Context, op sdk.Operation) (sdk.Result, error) {
	f, err := load(t.c.Path, false)
	if err != nil {
		return sdk.Result{}, err
	}
	r, err := f.apply(op)
	if err != nil || r.Outcome != sdk.OutcomeApplied {
		return r, err
	}
	f.Writes++
	return r, f.save(t.c.Path)
}

func (f *File) apply(op sdk.Operation) (sdk.Result, error) {
	switch op.Kind {
	case sdk.CreateUser:
		return f.create(op.User)
	case sdk.CreateGroup:
		for _, g := range f.Groups {
			if sameText(g.Name, op.Group.Name) {
				return sdk.Already(g.ID), nil
			}
		}
		f.Groups = append(f.Groups, Group{ID: "g" + strconv.Itoa(f.Writes+1000), Name: op.Group.Name})
		return sdk.Applied(f.Groups[len(f.Groups)-1].ID), nil
	case sdk.UpdateGroup:
		g := f.group(op.Group.ID)
		if g == nil {
			return sdk.Result{}, sdk.NotFound("no such group")
		}
		if g.Description == op.Group.Description {
			return sdk.Already(""), nil
		}
		g.Description = op.Group.Description
		return sdk.Applied(""), nil
	case sdk.DeleteGroup:
		if f.group(op.Group.ID) == nil {
			return sdk.Already(""), nil
		}
		f.Groups = slices.DeleteFunc(f.Groups, func(g Group) bool { return g.ID == op.Group.ID })
		for i := range f.Users {
			f.Users[i].Groups = slices.DeleteFunc(f.Users[i].Groups, func(g string) bool { return g == op.Group.ID })
		}
		return sdk.Applied(""), nil
	case sdk.AddMember, sdk.RemoveMember:
		return f.member(op)
	}
	return f.change(op)
}

func (f *File) create(u sdk.User) (sdk.Result, error) {
	if slices.Contains(f.Refuse, u.Email) {
		return sdk.Result{}, sdk.Invalid("the address is not allowed")
	}
	for i := range f.Users {
		if sameText(f.Users[i].Username, u.Username) || sameText(f.Users[i].Email, u.Email) {
			return sdk.Already(f.Users[i].ID), nil
		}
	}
	n := User{ID: "a" + strconv.Itoa(f.Writes+1000), Username: u.Username, Email: u.Email, DisplayName: u.DisplayName,
		GivenName: u.GivenName, FamilyName: u.FamilyName, Active: true, Attributes: map[string][]string{}}
	for _, a := range u.Attributes {
		n.Attributes[a.Name] = a.Values
	}
	f.Users = append(f.Users, n)
	return sdk.Applied(n.ID), nil
}

func (f *File) member(op sdk.Operation) (sdk.Result, error) {
	u, g := f.user(op.Member.UserID), f.group(op.Member.GroupID)
	if u == nil || g == nil {
		return sdk.Result{}, sdk.NotFound("no such user or group")
	}
	if g.ReadOnly != "" || slices.Contains(f.Refuse, u.Email) {
		return sdk.Result{}, sdk.Denied("the group cannot be changed")
	}
	if u.Protected != "" && op.Kind == sdk.RemoveMember {
		return sdk.Result{}, sdk.Denied("the account is protected: %s", u.Protected)
	}
	if slices.Contains(u.Groups, g.ID) == (op.Kind == sdk.AddMember) {
		return sdk.Already(""), nil
	}
	if op.Kind == sdk.AddMember {
		u.Groups = append(u.Groups, g.ID)
	} else {
		u.Groups = slices.DeleteFunc(u.Groups, func(id string) bool { return id == g.ID })
	}
	return sdk.Applied(""), nil
}

func (f *File) change(op sdk.Operation) (sdk.Result, error) {
	u := f.user(op.User.ID)
	switch {
	case u == nil && op.Kind == sdk.DeleteUser:
		return sdk.Already(""), nil
	case u == nil:
		return sdk.Result{}, sdk.NotFound("no such user")
	case u.Protected != "" && (op.Kind == sdk.DeactivateUser || op.Kind == sdk.DeleteUser):
		return sdk.Result{}, sdk.Denied("the account is protected: %s", u.Protected)
	}
	if slices.Contains(f.Refuse, u.Email) {
		return sdk.Result{}, sdk.Denied("the account cannot be changed")
	}
	switch op.Kind {
	case sdk.ActivateUser, sdk.DeactivateUser:
		active := op.Kind == sdk.ActivateUser
		if u.Active == active {
			return sdk.Already(""), nil
		}
		u.Active = active
	case sdk.DeleteUser:
		f.Users = slices.DeleteFunc(f.Users, func(x User) bool { return x.ID == u.ID })
	case sdk.UpdateUser:
		for _, name := range op.Changed {
			u.set(name, op.User)
		}
	default:
		return sdk.Result{}, sdk.Unsupported("%s is not possible here", op.Kind)
	}
	return sdk.Applied(""), nil
}

func (u *User) set(name string, from sdk.User) {
	switch name {
	case "username":
		u.Username = from.Username
	case "email":
		u.Email = from.Email
	case "display_name":
		u.DisplayName = from.DisplayName
	case "given_name":
		u.GivenName = from.GivenName
	case "family_name":
		u.FamilyName = from.FamilyName
	case "attributes.department":
		if u.Attributes == nil {
			u.Attributes = map[string][]string{}
		}
		u.Attributes["department"] = from.Attributes.Get("department")
	}
}

var _ sdk.OperationApplier = (*Target)(nil)
