package remote

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Account is somebody's account in the application.
type Account struct {
	ID         string
	Username   string
	Email      string
	Name       string
	Department string
	Active     bool
	Protected  string // why it must not be touched; empty: it may
}

// Group is a group of the application.
type Group struct {
	ID       string
	Name     string
	ReadOnly string
}

// Effect is one change of the application. Run counts the runs of the gateway; Hand is
// set for what an administrator did.
type Effect struct {
	Run     int
	Hand    bool
	Op      string // create_user, update_user, …, as the contract names them
	Account Account
	Before  Account // of an update
	Group   Group
	Members []string // of a group that is deleted
}

// String is the effect on one line.
func (e Effect) String() string {
	s := fmt.Sprintf("run %d: %s", e.Run, e.Op)
	if e.Account.ID != "" {
		s += " " + e.Account.ID + " " + e.Account.Email
	}
	if e.Group.ID != "" {
		s += " " + e.Group.Name
	}
	return s
}

// App is the application's state. Fields are for reading while nothing runs.
type App struct {
	Accounts map[string]*Account
	Groups   map[string]*Group
	Members  map[string]map[string]bool // accounts by group
	Log      []Effect
	Run      int
	next     int
}

func newApp() *App {
	return &App{Accounts: map[string]*Account{}, Groups: map[string]*Group{}, Members: map[string]map[string]bool{}}
}

func (a *App) note(e Effect) {
	e.Run = a.Run
	a.Log = append(a.Log, e)
}

// AddAccount makes an account, by hand or for the gateway.
func (a *App) AddAccount(x Account, hand bool) *Account {
	a.next++
	local, _, _ := strings.Cut(strings.ToLower(x.Email), "@")
	x.ID = fmt.Sprintf("a-%s-%d", local, a.next)
	a.Accounts[x.ID] = &x
	a.note(Effect{Hand: hand, Op: "create_user", Account: x})
	return &x
}

// AddGroup makes a group.
func (a *App) AddGroup(name, readOnly string, hand bool) *Group {
	a.next++
	g := &Group{ID: fmt.Sprintf("t-%d", a.next), Name: name, ReadOnly: readOnly}
	a.Groups[g.ID], a.Members[g.ID] = g, map[string]bool{}
	a.note(Effect{Hand: hand, Op: "create_group", Group: *g})
	return g
}

// SetMember puts an account into a group or takes it out. It is false when that is so
// already.
func (a *App) SetMember(g *Group, x *Account, in, hand bool) bool {
	if a.Members[g.ID][x.ID] == in {
		return false
	}
	op := "add_member"
	if a.Members[g.ID][x.ID] = in; !in {
		delete(a.Members[g.ID], x.ID)
		op = "remove_member"
	}
	a.note(Effect{Hand: hand, Op: op, Account: *x, Group: *g})
	return true
}

// Update changes an account.
func (a *App) Update(x *Account, hand bool, op string, do func(*Account)) {
	before := *x
	do(x)
	a.note(Effect{Hand: hand, Op: op, Account: *x, Before: before})
}

// Delete deletes an account.
func (a *App) Delete(x *Account, hand bool) {
	for _, m := range a.Members {
		delete(m, x.ID)
	}
	delete(a.Accounts, x.ID)
	a.note(Effect{Hand: hand, Op: "delete_user", Account: *x})
}

func (a *App) deleteGroup(g *Group) {
	members := slices.Sorted(maps.Keys(a.Members[g.ID]))
	delete(a.Groups, g.ID)
	delete(a.Members, g.ID)
	a.note(Effect{Op: "delete_group", Group: *g, Members: members})
}

// With lists the accounts that have an address, whatever its case, by id.
func (a *App) With(email string) (out []*Account) {
	for _, id := range slices.Sorted(maps.Keys(a.Accounts)) {
		if strings.EqualFold(a.Accounts[id].Email, email) {
			out = append(out, a.Accounts[id])
		}
	}
	return out
}

// Called lists the groups that have a name, whatever its case, by id.
func (a *App) Called(name string) (out []*Group) {
	for _, id := range slices.Sorted(maps.Keys(a.Groups)) {
		if strings.EqualFold(a.Groups[id].Name, name) {
			out = append(out, a.Groups[id])
		}
	}
	return out
}

// In lists the groups an account is in, by id.
func (a *App) In(account string) (out []*Group) {
	for _, id := range slices.Sorted(maps.Keys(a.Groups)) {
		if a.Members[id][account] {
			out = append(out, a.Groups[id])
		}
	}
	return out
}
