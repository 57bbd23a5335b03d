package company

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Departments that people are in; the last is of those from outside.
var departments = []string{"engineering", "sales", "legal", "external"}

// Size says how big a company is.
type Size struct {
	People, Groups int
	Annex          bool // some people and groups are at a second source
}

// Invent makes a company.
func Invent(rng *rand.Rand, s Size) *Company {
	c := New()
	c.Found(0, c.Staff[0])
	if s.Annex {
		c.Found(1, c.Staff[1])
	}
	for i := len(c.Groups); i < s.Groups; i++ {
		c.Found(c.newGroup(rng, s.Annex, i))
	}
	for range s.People {
		c.newcomer(rng, s.Annex && rng.IntN(5) == 0, "")
	}
	for range s.Groups / 4 {
		c.nest(rng)
	}
	return c
}

func (c *Company) newGroup(rng *rand.Rand, annex bool, i int) (source int, name string) {
	kind := "team"
	if rng.IntN(4) == 0 {
		kind = "misc"
	}
	if annex && rng.IntN(4) == 0 {
		return 1, fmt.Sprintf("annex-%s-%d", kind, i)
	}
	return 0, fmt.Sprintf("%s-%d", kind, i)
}

// newcomer hires somebody and puts them into groups of their source.
func (c *Company) newcomer(rng *rand.Rand, annex bool, id string) *Person {
	source := 0
	if annex {
		source = 1
	}
	p := c.Hire(source, id, departments[rng.IntN(len(departments))])
	if g := c.Named(c.Staff[source]); g != nil && rng.IntN(8) > 0 {
		c.Member(g, p, true)
	}
	for range 1 + rng.IntN(3) {
		if g := pick(rng, c.groupsOf(source)); g != nil && !c.isStaff(g) {
			c.Member(g, p, true)
		}
	}
	return p
}

func (c *Company) groupsOf(source int) (out []*Group) {
	for _, g := range c.AllGroups() {
		if g.Source == source {
			out = append(out, g)
		}
	}
	return out
}

func pick[T any](rng *rand.Rand, xs []*T) *T {
	if len(xs) == 0 {
		return nil
	}
	return xs[rng.IntN(len(xs))]
}

func (c *Company) nest(rng *rand.Rand) {
	gs := c.groupsOf(0)
	parent, child := pick(rng, gs), pick(rng, gs)
	if parent != child && !c.isStaff(child) {
		c.Nest(parent, child, true)
	}
}

// event is something that happens, as often as its weight says. It is false when it
// cannot happen now.
type event struct {
	name   string
	weight int
	happen func(*Company, *rand.Rand) bool
}

var events = []event{
	{"join", 6, (*Company).join}, {"leave", 6, (*Company).leave}, {"return", 4, (*Company).comeBack}, {"delete", 2, (*Company).vanish},
	{"member", 8, (*Company).move}, {"department", 2, (*Company).transfer}, {"rename", 2, (*Company).rename}, {"address", 1, (*Company).address},
	{"case", 2, (*Company).flipCase}, {"group-new", 1, (*Company).group}, {"group-rename", 1, (*Company).renameGroup},
	{"group-gone", 1, (*Company).dissolve}, {"nest", 1, (*Company).renest}, {"id-reused", 1, (*Company).reuseID},
}

// Happen does one thing that happens in a company, and tells what kind it was. What is
// named in never does not happen.
func (c *Company) Happen(rng *rand.Rand, never ...string) string {
	total := 0
	for _, e := range events {
		total += e.weight
	}
	for {
		n := rng.IntN(total)
		for _, e := range events {
			if n -= e.weight; n < 0 {
				if !slices.Contains(never, e.name) && e.happen(c, rng) {
					return e.name
				}
				break
			}
		}
	}
}

func (c *Company) leave(rng *rand.Rand) bool {
	p := c.someone(rng, true)
	if p != nil {
		c.Change(p, func(p *Person) { p.Active = false })
	}
	return p != nil
}

func (c *Company) someone(rng *rand.Rand, active bool) *Person {
	var out []*Person
	for _, p := range c.Everybody() {
		if p.Active == active {
			out = append(out, p)
		}
	}
	return pick(rng, out)
}

func (c *Company) join(rng *rand.Rand) bool {
	c.newcomer(rng, c.Named(c.Staff[1]) != nil && rng.IntN(5) == 0, "")
	return true
}

func (c *Company) comeBack(rng *rand.Rand) bool {
	p := c.someone(rng, false)
	if p != nil {
		c.Change(p, func(p *Person) { p.Active = true })
	}
	return p != nil
}

func (c *Company) vanish(rng *rand.Rand) bool {
	p := pick(rng, c.Everybody())
	if len(c.People) < 4 {
		return false
	}
	if p != nil {
		c.Delete(p)
	}
	return p != nil
}

func (c *Company) move(rng *rand.Rand) bool {
	p := pick(rng, c.Everybody())
	if p == nil {
		return false
	}
	g := pick(rng, c.groupsOf(p.Source))
	if g != nil {
		c.Member(g, p, !g.Members[p.UID])
	}
	return g != nil
}

func (c *Company) transfer(rng *rand.Rand) bool {
	p := pick(rng, c.Everybody())
	if p != nil {
		c.Change(p, func(p *Person) { p.Department = departments[rng.IntN(len(departments))] })
	}
	return p != nil
}

func (c *Company) rename(rng *rand.Rand) bool {
	p := pick(rng, c.Everybody())
	if p != nil {
		c.Change(p, func(p *Person) { p.Name += "-" + string(rune('a'+rng.IntN(26))) })
	}
	return p != nil
}

// address gives somebody another name and address, as after a marriage.
func (c *Company) address(rng *rand.Rand) bool {
	p := pick(rng, c.Everybody())
	if p != nil {
		local := fmt.Sprintf("p%03d-%d", p.UID, c.Seq)
		c.Change(p, func(p *Person) { p.Email, p.Username = local+"@chaos.example", local })
	}
	return p != nil
}

func (c *Company) flipCase(rng *rand.Rand) bool {
	p := pick(rng, c.Everybody())
	if p == nil {
		return false
	}
	c.Change(p, func(p *Person) {
		if p.Email = strings.ToUpper(p.Email[:1]) + p.Email[1:]; rng.IntN(2) == 0 {
			p.Email = strings.ToLower(p.Email)
		}
	})
	return true
}

func (c *Company) group(rng *rand.Rand) bool {
	source, name := c.newGroup(rng, c.Named(c.Staff[1]) != nil, int(c.Seq))
	g := c.Found(source, name)
	for _, p := range c.Everybody() {
		if p.Source == source && rng.IntN(4) == 0 {
			c.Member(g, p, true)
		}
	}
	return true
}

func (c *Company) renameGroup(rng *rand.Rand) bool {
	g := c.ordinary(rng)
	if g != nil {
		c.Rename(g, fmt.Sprintf("%s-r%d", strings.SplitN(g.Name, "-r", 2)[0], c.Seq))
	}
	return g != nil
}

// ordinary is a group that nobody's scope hangs on.
func (c *Company) ordinary(rng *rand.Rand) *Group {
	g := pick(rng, c.AllGroups())
	if g == nil || c.isStaff(g) {
		return nil
	}
	return g
}

func (c *Company) dissolve(rng *rand.Rand) bool {
	g := c.ordinary(rng)
	if g != nil {
		c.Dissolve(g)
	}
	return g != nil
}

func (c *Company) renest(rng *rand.Rand) bool {
	for _, parent := range c.AllGroups() {
		for n := range parent.Children {
			if rng.IntN(2) == 0 && c.Groups[n] != nil {
				c.Nest(parent, c.Groups[n], false)
				return true
			}
			break // one is enough, and the order of a map is not the seed's
		}
	}
	c.nest(rng)
	return true
}

// reuseID deletes somebody and gives their id to somebody new.
func (c *Company) reuseID(rng *rand.Rand) bool {
	p := pick(rng, c.Everybody())
	if p != nil {
		c.Delete(p)
		c.newcomer(rng, p.Source == 1, p.ID)
	}
	return p != nil
}
