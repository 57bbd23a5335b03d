// Package company is the truth of the chaos corpus: who works where, what happens to
// them, and what the rules make of it. It is plain data driven by a seed. It knows
// nothing of the gateway, so that what it says of who is entitled to what is a second
// opinion.
package company

import (
	"fmt"
	"maps"
	"slices"
)

// Sources are the names of the identity providers.
var Sources = [2]string{"corp", "annex"}

// Person is somebody at a source. UID is theirs alone; an ID may be given again when
// somebody was deleted.
type Person struct {
	UID        int
	ID         string
	Source     int
	Username   string
	Email      string
	Name       string
	Department string
	Active     bool
	Version    uint64
}

// Group is a group of a source, with people and groups in it by UID.
type Group struct {
	UID      int
	ID       string
	Source   int
	Name     string
	Members  map[int]bool
	Children map[int]bool
	Version  uint64
}

// Tombstone remembers that something is gone.
type Tombstone struct {
	ID      string
	Source  int
	Group   bool
	Version uint64
}

// Company is everything the sources have at a moment. It is not safe for concurrent
// use; a Clone is independent.
type Company struct {
	People map[int]*Person
	Groups map[int]*Group
	Gone   []Tombstone
	Seq    uint64
	Staff  [2]string // the groups whose members are staff, by source
	next   int
}

// New is a company without anybody.
func New() *Company {
	return &Company{People: map[int]*Person{}, Groups: map[int]*Group{}, Staff: [2]string{"staff", "annex-staff"}}
}

func (c *Company) isStaff(g *Group) bool { return g.Name == c.Staff[g.Source] }

// Clone is a copy that what happens later does not change.
func (c *Company) Clone() *Company {
	out := &Company{People: make(map[int]*Person, len(c.People)), Groups: make(map[int]*Group, len(c.Groups)), Gone: slices.Clone(c.Gone),
		Seq: c.Seq, Staff: c.Staff, next: c.next}
	for n, p := range c.People {
		x := *p
		out.People[n] = &x
	}
	for n, g := range c.Groups {
		x := *g
		x.Members, x.Children = maps.Clone(g.Members), maps.Clone(g.Children)
		out.Groups[n] = &x
	}
	return out
}

func (c *Company) uid() int {
	c.next++
	return c.next
}

func (c *Company) touch(version *uint64) {
	c.Seq++
	*version = c.Seq
}

// Hire adds somebody who is active. An empty id gives them one of their own.
func (c *Company) Hire(source int, id, department string) *Person {
	n := c.uid()
	name := fmt.Sprintf("p%03d", n)
	if id == "" {
		id = fmt.Sprintf("%s-%03d", Sources[source][:1], n)
	}
	p := &Person{UID: n, ID: id, Source: source, Username: name, Email: name + "@chaos.example", Name: "Person " + name, Department: department, Active: true}
	c.touch(&p.Version)
	c.People[n] = p
	return p
}

// Found adds a group.
func (c *Company) Found(source int, name string) *Group {
	n := c.uid()
	g := &Group{UID: n, ID: fmt.Sprintf("g-%03d", n), Source: source, Name: name, Members: map[int]bool{}, Children: map[int]bool{}}
	c.touch(&g.Version)
	c.Groups[n] = g
	return g
}

// Change does something to a person.
func (c *Company) Change(p *Person, do func(*Person)) {
	do(p)
	c.touch(&p.Version)
}

// Delete removes somebody for good.
func (c *Company) Delete(p *Person) {
	delete(c.People, p.UID)
	for _, g := range c.Groups {
		if g.Members[p.UID] {
			c.Member(g, p, false)
		}
	}
	c.Seq++
	c.Gone = append(c.Gone, Tombstone{ID: p.ID, Source: p.Source, Version: c.Seq})
}

// Member puts somebody into a group or takes them out.
func (c *Company) Member(g *Group, p *Person, in bool) {
	if g.Members[p.UID] = in; !in {
		delete(g.Members, p.UID)
	}
	c.touch(&g.Version)
}

// Nest puts a group into another or takes it out.
func (c *Company) Nest(parent, child *Group, in bool) {
	if parent.Children[child.UID] = in; !in {
		delete(parent.Children, child.UID)
	}
	c.touch(&parent.Version)
}

// Rename renames a group.
func (c *Company) Rename(g *Group, name string) {
	g.Name = name
	c.touch(&g.Version)
}

// Dissolve removes a group.
func (c *Company) Dissolve(g *Group) {
	delete(c.Groups, g.UID)
	for _, parent := range c.Groups {
		if parent.Children[g.UID] {
			c.Nest(parent, g, false)
		}
	}
	c.Seq++
	c.Gone = append(c.Gone, Tombstone{ID: g.ID, Source: g.Source, Group: true, Version: c.Seq})
}

// Everybody lists the people in order.
func (c *Company) Everybody() []*Person { return sorted(c.People) }

// AllGroups lists the groups in order.
func (c *Company) AllGroups() []*Group { return sorted(c.Groups) }

func sorted[T any](m map[int]*T) []*T {
	out := make([]*T, 0, len(m))
	for _, n := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[n])
	}
	return out
}

// Named finds a group by its name.
func (c *Company) Named(name string) *Group {
	for _, g := range c.Groups {
		if g.Name == name {
			return g
		}
	}
	return nil
}

// ByEmail finds somebody by their address, whatever its case.
func (c *Company) ByEmail(email string) *Person {
	for _, p := range c.People {
		if fold(p.Email) == fold(email) {
			return p
		}
	}
	return nil
}
