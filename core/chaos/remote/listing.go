package remote

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"syncgateway/core/chaos/company"
)

// The wire forms of records, as examples/httpdir reads them.
type wireUser struct {
	ID         string `json:"id"`
	Username   string `json:"username"`
	Email      string `json:"email"`
	Name       string `json:"name"`
	Department string `json:"department,omitempty"`
	Active     bool   `json:"active"`
	Protected  string `json:"protected,omitempty"`
}

type wireGroup struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	ReadOnly string   `json:"read_only,omitempty"`
	Members  []string `json:"members,omitempty"`
	Children []string `json:"children,omitempty"`
}

type wireMember struct {
	Group string `json:"group"`
	User  string `json:"user,omitempty"`
	Child string `json:"child,omitempty"`
}

type wirePage struct {
	Items     []any  `json:"items"`
	Next      string `json:"next"`
	Total     *int   `json:"total,omitempty"`
	Truncated bool   `json:"truncated,omitempty"`
}

func sourceOf(system string) int { return slices.Index(company.Sources[:], system) }

func person(p *company.Person) wireUser {
	return wireUser{ID: p.ID, Username: p.Username, Email: p.Email, Name: p.Name, Department: p.Department, Active: p.Active}
}

func account(a *Account) wireUser {
	return wireUser{ID: a.ID, Username: a.Username, Email: a.Email, Name: a.Name, Department: a.Department, Active: a.Active, Protected: a.Protected}
}

// records are all records of a listing, in the order of their ids.
func (w *World) records(system, what string, page int) []any {
	if system == "app" {
		return w.App.records(what)
	}
	c := w.Company
	if f := w.match(system, what, page, Stale); f != nil {
		if then := w.Behind(f.Lag); then != nil {
			c = then
		}
	}
	var hidden map[string]bool
	if f := w.match(system, what, page, HiddenScope); f != nil {
		hidden = f.Hidden
	}
	return listed(c, sourceOf(system), what, hidden)
}

func listed(c *company.Company, source int, what string, hidden map[string]bool) (out []any) {
	switch what {
	case "users":
		people := slices.DeleteFunc(c.Everybody(), func(p *company.Person) bool { return p.Source != source || hidden[p.ID] })
		slices.SortFunc(people, func(a, b *company.Person) int { return cmp.Compare(a.ID, b.ID) })
		for _, p := range people {
			out = append(out, person(p))
		}
	case "groups":
		for _, g := range c.AllGroups() {
			if g.Source == source {
				out = append(out, wireGroup{ID: g.ID, Name: g.Name})
			}
		}
	case "memberships":
		for _, g := range c.AllGroups() {
			if g.Source != source {
				continue
			}
			for _, n := range slices.Sorted(maps.Keys(g.Members)) {
				if p := c.People[n]; p != nil && !hidden[p.ID] {
					out = append(out, wireMember{Group: g.ID, User: p.ID})
				}
			}
			for _, n := range slices.Sorted(maps.Keys(g.Children)) {
				if child := c.Groups[n]; child != nil {
					out = append(out, wireMember{Group: g.ID, Child: child.ID})
				}
			}
		}
	}
	return out
}

func (a *App) records(what string) (out []any) {
	switch what {
	case "users":
		for _, id := range slices.Sorted(maps.Keys(a.Accounts)) {
			out = append(out, account(a.Accounts[id]))
		}
	case "groups":
		for _, id := range slices.Sorted(maps.Keys(a.Groups)) {
			out = append(out, wireGroup{ID: id, Name: a.Groups[id].Name, ReadOnly: a.Groups[id].ReadOnly})
		}
	case "memberships":
		for _, g := range slices.Sorted(maps.Keys(a.Members)) {
			for _, u := range slices.Sorted(maps.Keys(a.Members[g])) {
				out = append(out, wireMember{Group: g, User: u})
			}
		}
	}
	return out
}

// Pages is how many pages a listing has now.
func (w *World) Pages(system, what string) int {
	n := 0
	if system == "app" {
		n = len(w.App.records(what))
	} else {
		n = len(listed(w.Company, sourceOf(system), what, nil))
	}
	return max(1, (n+w.PageSize-1)/w.PageSize)
}

// listing serves a page, bent by the listing's faults.
func (w *World) listing(system, what, cursor string, page int) answer {
	all := w.records(system, what, page)
	total := len(all)
	from := min(position(cursor), total)
	p := wirePage{}
	f := w.match(system, what, page, DropPage, Empty, CutBody, RepeatedCursor, SizeLimit, DuplicatePage, Reordered)
	if f != nil {
		switch f.Kind {
		case DropPage:
			from = min(from+w.PageSize, total)
		case Empty:
			all, from, total = nil, 0, 0
		case Reordered: // the order has changed since the page before: some come twice, some never
			all = slices.Concat(all[min(2, total):], all[:min(2, total)])
		}
	}
	to := min(from+w.PageSize, total)
	p.Items = all[from:to]
	if to < total {
		p.Next = strconv.Itoa(to)
	}
	if f != nil {
		switch f.Kind {
		case CutBody:
			return answer{body: p, cut: true}
		case RepeatedCursor:
			p.Next = strconv.Itoa(from) + "~round"
		case SizeLimit:
			p.Items, p.Next, p.Truncated = p.Items[:len(p.Items)/2], "", true
		case DuplicatePage:
			if !strings.Contains(cursor, "~") {
				p.Next = strconv.Itoa(from) + "~again"
			}
		}
	}
	if w.Totals {
		p.Total = &total
	}
	return answer{body: p}
}

// lookup answers about one record. It never comes from a replica.
func (w *World) lookup(system, what, key string, q url.Values) answer {
	if system == "app" {
		return w.App.lookup(what, key, q)
	}
	if what == "groups" {
		for _, g := range w.Company.AllGroups() {
			if g.ID == key && g.Source == sourceOf(system) {
				x := wireGroup{ID: g.ID, Name: g.Name}
				for _, n := range slices.Sorted(maps.Keys(g.Children)) {
					if child := w.Company.Groups[n]; child != nil {
						x.Children = append(x.Children, child.ID)
					}
				}
				return answer{body: map[string]any{"group": x}}
			}
		}
		return notFound
	}
	for _, p := range w.Company.Everybody() {
		if p.Source != sourceOf(system) || !(p.ID == key || same(p.Email, q.Get("email")) || same(p.Username, q.Get("username"))) {
			continue
		}
		if f := w.match(system, "lookup", 0, HiddenScope); f != nil && f.Hidden[p.ID] {
			return notFound
		}
		groups := []wireGroup{}
		for _, g := range w.Company.AllGroups() {
			if g.Members[p.UID] {
				groups = append(groups, wireGroup{ID: g.ID, Name: g.Name})
			}
		}
		return answer{body: map[string]any{"user": person(p), "groups": groups}}
	}
	return notFound
}

func same(a, b string) bool { return b != "" && strings.EqualFold(a, b) }

func (a *App) lookup(what, key string, q url.Values) answer {
	if what == "groups" {
		for _, id := range slices.Sorted(maps.Keys(a.Groups)) {
			if g := a.Groups[id]; id == key || same(g.Name, q.Get("name")) {
				return answer{body: map[string]any{"group": wireGroup{ID: id, Name: g.Name, ReadOnly: g.ReadOnly},
					"members": slices.Sorted(maps.Keys(a.Members[id]))}}
			}
		}
		return notFound
	}
	x := a.Accounts[key]
	if found := a.With(q.Get("email")); x == nil && len(found) > 0 && q.Get("email") != "" {
		x = found[0]
	}
	if x == nil {
		return notFound
	}
	groups := []wireGroup{}
	for _, g := range a.In(x.ID) {
		groups = append(groups, wireGroup{ID: g.ID, Name: g.Name, ReadOnly: g.ReadOnly})
	}
	return answer{body: map[string]any{"user": account(x), "groups": groups}}
}

// changes answers what changed since a number, "now" for the number alone.
func (w *World) changes(system, since string) answer {
	source, c := sourceOf(system), w.Company
	out := struct {
		Seq        uint64      `json:"seq"`
		Users      []wireUser  `json:"users"`
		Groups     []wireGroup `json:"groups"`
		GoneUsers  []string    `json:"gone_users"`
		GoneGroups []string    `json:"gone_groups"`
	}{Seq: c.Seq}
	if since == "now" {
		return answer{body: out}
	}
	n, err := strconv.ParseUint(since, 10, 64)
	if err != nil || n > c.Seq {
		return notFound
	}
	if f := w.match(system, "changes", 0, Stale); f != nil {
		if then := w.Behind(f.Lag); then != nil && then.Seq >= n {
			c = then // and the number is of now: what came in between is never told
		}
	}
	alive := map[string]bool{}
	for _, p := range c.Everybody() {
		if alive[p.ID] = true; p.Source == source && p.Version > n {
			out.Users = append(out.Users, person(p))
		}
	}
	for _, g := range c.AllGroups() {
		if g.Source == source && g.Version > n {
			x := wireGroup{ID: g.ID, Name: g.Name}
			for _, m := range slices.Sorted(maps.Keys(g.Members)) {
				x.Members = append(x.Members, c.People[m].ID)
			}
			for _, m := range slices.Sorted(maps.Keys(g.Children)) {
				x.Children = append(x.Children, c.Groups[m].ID)
			}
			out.Groups = append(out.Groups, x)
		}
	}
	for _, t := range c.Gone {
		switch {
		case t.Source != source || t.Version <= n:
		case t.Group:
			out.GoneGroups = append(out.GoneGroups, t.ID)
		case !alive[t.ID]:
			out.GoneUsers = append(out.GoneUsers, t.ID)
		}
	}
	return answer{body: out}
}
