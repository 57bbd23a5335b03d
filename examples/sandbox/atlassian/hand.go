package atlassian

import (
	"fmt"
	"strconv"
)

// Hand is what an administrator does in the user interface, past every client. User is an e-mail, Group a name.
type Hand struct {
	Op      string `json:"op"`
	User    string `json:"user,omitempty"`
	Group   string `json:"group,omitempty"`
	Product string `json:"product,omitempty"`
	Value   string `json:"value,omitempty"`
}

// Apply does it. It leaves no trace in the request log.
func (o *Org) Apply(h Hand) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.apply(h); err != nil {
		return fmt.Errorf("%s in Atlassian: %w", h.Op, err)
	}
	return nil
}

func (o *Org) apply(h Hand) error {
	switch h.Op {
	case "group-create":
		if h.Group == "" || o.names[fold(h.Group)] != nil {
			return fmt.Errorf("a new name is needed, not %q", h.Group)
		}
		o.create(h.Group, h.Value)
		return nil
	case "group-delete", "group-sync", "group-rename":
		return o.handGroup(h)
	case "member-add", "member-remove":
		return o.handMember(h)
	case "seats":
		return o.setSeats(h)
	case "permission", "project-role":
		return o.handPermission(h)
	case "add-user":
		if h.User == "" || o.emails[fold(h.User)] != nil {
			return fmt.Errorf("a new e-mail is needed, not %q", h.User)
		}
		name := h.Value
		if name == "" {
			name = nameFrom(h.User)
		}
		o.addAccount(o.newAccountID(), h.User, name, o.claims(h.User))
		return nil
	}
	return o.handUser(h)
}

func (o *Org) handGroup(h Hand) error {
	g := o.names[fold(h.Group)]
	if g == nil {
		return fmt.Errorf("no group named %q", h.Group)
	}
	switch h.Op {
	case "group-delete":
		o.drop(g)
	case "group-rename":
		if h.Value == "" || o.names[fold(h.Value)] != nil {
			return fmt.Errorf("a new name is needed, not %q", h.Value)
		}
		delete(o.names, fold(g.name))
		g.name = h.Value
		o.names[fold(g.name)] = g
	case "group-sync":
		g.externalSynced = h.Value == "true"
		g.modifiable, g.deletable = !g.externalSynced, !g.externalSynced
		g.managedBy = map[bool]string{true: "external", false: "admins"}[g.externalSynced]
	}
	return nil
}

func (o *Org) handMember(h Hand) error {
	g, a := o.names[fold(h.Group)], o.emails[fold(h.User)]
	if g == nil || a == nil {
		return fmt.Errorf("no group %q or no user %q", h.Group, h.User)
	}
	if in := h.Op == "member-add"; in != g.members[a] {
		if in {
			o.join(g, a)
		} else {
			o.leave(g, a)
		}
	}
	return nil
}

func (o *Org) setSeats(h Hand) error {
	p := o.productByKey(h.Product)
	n, err := strconv.Atoi(h.Value)
	if p == nil || err != nil || n < 0 {
		return fmt.Errorf("a product and a number of at least 0 are needed, not %q and %q", h.Product, h.Value)
	}
	p.seats = n
	return nil
}

func (o *Org) handUser(h Hand) error {
	edits := map[string]func(*person){
		"suspend":    func(p *person) { p.membership = suspended },
		"restore":    func(p *person) { p.membership = statusActive },
		"deactivate": func(p *person) { p.accountStatus = statusInactive },
		"reactivate": func(p *person) { p.accountStatus = statusActive },
		"rename":     func(p *person) { p.name = h.Value },
	}
	edit := edits[h.Op]
	if edit == nil && h.Op != "remove" {
		return fmt.Errorf("unknown operation")
	}
	a := o.emails[fold(h.User)]
	if a == nil {
		return fmt.Errorf("no user with e-mail %q", h.User)
	}
	if h.Op == "remove" {
		o.expel(a)
		return nil
	}
	o.change(a, edit)
	return nil
}
