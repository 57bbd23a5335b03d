package chaos

import (
	"maps"
	"slices"

	"syncgateway/core/chaos/company"
	"syncgateway/core/chaos/remote"
)

// settled compares the application with what the rules make of the company, once nothing
// goes wrong any more: everybody has what they are entitled to, once, and nobody else
// has what the gateway gave them.
func (o *oracle) settled() {
	c, app := o.world.Company, o.world.App
	for _, p := range c.Everybody() {
		if o.rules.Entitled(c, p) && !o.undecidable(p) {
			o.served(p)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(app.Accounts)) {
		a := app.Accounts[id]
		uid := o.owner[id]
		if uid != 0 && !o.foreign[id] && !o.shielded(a) && !o.rules.Entitled(c, c.People[uid]) && (a.Active || o.rules.DeletePeople) {
			o.fail("in the end: %s is not entitled, and the account is still there", a.Email)
		}
	}
	o.unnamed()
}

// undecidable tells of people whom several accounts match: they are left alone.
func (o *oracle) undecidable(p *company.Person) bool {
	for _, a := range o.world.App.With(p.Email) {
		if o.foreign[a.ID] {
			return true
		}
	}
	return false
}

func (o *oracle) served(p *company.Person) {
	app := o.world.App
	accounts := app.With(p.Email)
	if len(accounts) != 1 {
		o.fail("in the end: %s has %d accounts", p.Email, len(accounts))
		return
	}
	a := accounts[0]
	same := o.rules.AddressOnly || a.Username == p.Username && a.Name == p.Name && a.Department == p.Department
	if !a.Active || !same {
		o.fail("in the end: the account of %s is %+v, and not as %+v", p.Email, *a, *p)
	}
	wanted, has := o.rules.Wanted(o.world.Company, p), map[string]*remote.Group{}
	for _, g := range app.In(a.ID) {
		has[fold(g.Name)] = g
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if has[name] == nil && !o.closed(name) {
			o.fail("in the end: %s is not in %s", p.Email, name)
		}
	}
	managed := o.rules.Managed(o.world.Company)
	for _, name := range slices.Sorted(maps.Keys(has)) {
		g := has[name]
		surplus := o.ours[[2]string{g.ID, a.ID}] || !o.rules.KeepExisting && managed[name]
		if !wanted[name] && surplus && g.ReadOnly == "" && !o.shielded(a) {
			o.fail("in the end: %s is still in %s", p.Email, name)
		}
	}
}

// closed tells of groups whose members cannot be changed, or that two have the name of.
func (o *oracle) closed(name string) bool {
	named := o.world.App.Called(name)
	return len(named) != 1 || named[0].ReadOnly != ""
}

// unnamed finds groups of ours that no source group makes any more.
func (o *oracle) unnamed() {
	managed := o.rules.Managed(o.world.Company)
	for _, id := range slices.Sorted(maps.Keys(o.world.App.Groups)) {
		g := o.world.App.Groups[id]
		if o.groups[id] && o.rules.DeleteGroups && !managed[fold(g.Name)] && len(o.world.App.Members[id]) == 0 {
			o.fail("in the end: the empty group %s is still there", g.Name)
		}
	}
}
