package company

import (
	"reflect"
	"strings"
	"testing"
)

func TestGenerateIsRepeatable(t *testing.T) {
	a, b := Generate(Options{Seed: 4, People: 200}), Generate(Options{Seed: 4, People: 200})
	if !reflect.DeepEqual(a, b) {
		t.Error("the same seed gives two companies")
	}
	if reflect.DeepEqual(a.People, Generate(Options{Seed: 5, People: 200}).People) {
		t.Error("two seeds give the same people")
	}
}

func TestCompanyIsSound(t *testing.T) {
	for _, o := range []Options{{}, {People: 1, Groups: 1}, {People: 3000, Groups: 300, Memberships: 10}} {
		c := Generate(o)
		logins, mixed, unicode := map[string]bool{}, 0, 0
		for _, p := range c.People {
			if logins[strings.ToLower(p.Login)] || p.FirstName == "" || p.Status == "" || !strings.HasSuffix(p.Login, Domain) {
				t.Fatalf("person %+v", p)
			}
			logins[strings.ToLower(p.Login)] = true
			if !strings.EqualFold(p.Login, p.Email) {
				t.Errorf("login %s, e-mail %s", p.Login, p.Email)
			}
			if p.Email != strings.ToLower(p.Email) {
				mixed++
			}
			if len(p.DisplayName) != len([]rune(p.DisplayName)) {
				unicode++
			}
		}
		if len(c.People) > 100 && (mixed == 0 || unicode == 0) {
			t.Errorf("%d mixed e-mails, %d names beyond ASCII", mixed, unicode)
		}
		memberships := 0
		for _, g := range c.Groups {
			memberships += len(g.Members)
			for i := 1; i < len(g.Members); i++ {
				if g.Members[i] <= g.Members[i-1] {
					t.Fatalf("members of %s are not ascending and distinct", g.Name)
				}
			}
		}
		if o.Memberships > 0 {
			average := float64(memberships)/float64(len(c.People)) - 1
			if average < o.Memberships*0.8 || average > o.Memberships*1.2 {
				t.Errorf("%.1f groups per person, want about %.0f", average, o.Memberships)
			}
		}
	}
}

func TestTheDayFitsTheCast(t *testing.T) {
	c := Generate(Options{})
	groups := map[string]bool{}
	for _, g := range c.Groups {
		groups[g.Name] = true
	}
	for _, s := range Day {
		for _, m := range s.Mutations {
			if m.Person != "" && m.Person != Noor && c.Find(m.Person) < 0 {
				t.Errorf("step %s needs %s", s.Name, m.Person)
			}
			if m.Group != "" && !groups[m.Group] {
				t.Errorf("step %s needs the group %s", s.Name, m.Group)
			}
		}
	}
	if c.Find(Noor) >= 0 {
		t.Error("the joiner is there already")
	}
	if steps, err := Steps(DayStep); err != nil || len(steps) != 10 {
		t.Errorf("%d steps in the day, %v", len(steps), err)
	}
}
