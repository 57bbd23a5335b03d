package company

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"syncgateway/examples/sandbox/internal/seeded"
)

// given and family names with the form they take in an address.
var givenNames = [][2]string{
	{"Amal", "amal"}, {"Björn", "bjorn"}, {"Chloé", "chloe"}, {"Dmitri", "dmitri"}, {"Eun-ji", "eun-ji"}, {"Fátima", "fatima"},
	{"Giulia", "giulia"}, {"Håkon", "hakon"}, {"Ibrahim", "ibrahim"}, {"Jürgen", "juergen"}, {"Kwame", "kwame"},
	{"Łucja", "lucja"}, {"María José", "maria.jose"}, {"Nikos", "nikos"}, {"Ólafur", "olafur"}, {"Priya", "priya"},
	{"Quentin", "quentin"}, {"Renée", "renee"}, {"Sofia", "sofia"}, {"Tomáš", "tomas"}, {"Ursula", "ursula"},
	{"Виктор", "viktor"}, {"William", "william"}, {"翔太", "shota"}, {"Yusuf", "yusuf"}, {"Zoë", "zoe"}, {"Σοφία", "sophia"},
	{"Anna", "anna"}, {"Daniel", "daniel"}, {"Grażyna", "grazyna"}, {"李", "li"}, {"Maeve", "maeve"},
}

var familyNames = [][2]string{
	{"Andersson", "andersson"}, {"Baptista", "baptista"}, {"Castaño", "castano"}, {"D'Angelo", "dangelo"}, {"Eriksen", "eriksen"},
	{"Fischer", "fischer"}, {"García Márquez", "garcia.marquez"}, {"Hakimi", "hakimi"}, {"Иванова", "ivanova"},
	{"Jónsdóttir", "jonsdottir"}, {"Kowalczyk", "kowalczyk"}, {"Le Guin", "le.guin"}, {"Müller", "mueller"}, {"Novák", "novak"},
	{"O'Connor", "oconnor"}, {"Papadopoulos", "papadopoulos"}, {"Quispe", "quispe"}, {"Ramanathan", "ramanathan"},
	{"Şahin", "sahin"}, {"田中", "tanaka"}, {"Ueda", "ueda"}, {"van der Meer", "vandermeer"}, {"Watanabe", "watanabe"},
	{"Xhaka", "xhaka"}, {"Yılmaz", "yilmaz"}, {"Zieliński", "zielinski"}, {"Smith", "smith"}, {"Nguyễn", "nguyen"}, {"王", "wang"},
}

var (
	titles  = []string{"Engineer", "Senior Engineer", "Analyst", "Specialist", "Coordinator", "Lead", "Director"}
	locales = []string{"en_US", "de_DE", "sv_SE", "pl_PL", "pt_BR"}
	// one in a hundred each, after a few per cent that left
	rareStatuses = []Status{Staged, Provisioned, Recovery, PasswordExpired, LockedOut, Suspended, Deprovisioned, Deprovisioned}
)

// Generate makes the company of the options.
func Generate(o Options) *Company {
	o = o.withDefaults()
	c := &Company{Seed: o.Seed, Groups: slices.Clone(namedGroups)}
	for i := len(c.Groups); i < o.Groups; i++ {
		c.Groups = append(c.Groups, Group{Name: fmt.Sprintf("team-%03d", i), Kind: OktaGroup})
	}
	rng := seeded.New(o.Seed, "people")
	taken := map[string]bool{}
	for i := range o.People {
		p := Person{}
		if i < len(cast) {
			p = cast[i].person
			p.Email = p.Login
		} else {
			p = invent(rng, taken)
		}
		if p.Status == "" {
			p.Status = Active
		}
		taken[p.Login] = true
		p.EmployeeNumber = strconv.Itoa(100000 + i)
		p.DisplayName = p.FirstName + " " + p.LastName
		c.People = append(c.People, p)
	}
	c.join(o, seeded.New(o.Seed, "memberships"))
	return c
}

func invent(rng seeded.Source, taken map[string]bool) Person {
	given, family := seeded.Pick(rng, givenNames), seeded.Pick(rng, familyNames)
	local := given[1] + "." + family[1]
	for n := 2; taken[local+"@"+Domain]; n++ {
		if n == 2 {
			n += rng.IntN(len(taken) + 1) // keeps a big company from counting up from 2 for every namesake
		}
		local = given[1] + "." + family[1] + strconv.Itoa(n)
	}
	p := Person{
		Login: local + "@" + Domain, FirstName: given[0], LastName: family[0],
		Department: seeded.Pick(rng, departments), Title: seeded.Pick(rng, titles),
	}
	p.Email = p.Login
	if rng.IntN(12) == 0 {
		p.Email = mixedCase(p.Login)
	}
	if rng.IntN(3) == 0 {
		p.MobilePhone = fmt.Sprintf("+46 70 %07d", rng.IntN(1e7))
	}
	if rng.IntN(4) != 0 {
		p.CostCentre = strconv.Itoa(10 + rng.IntN(90))
	}
	if rng.IntN(10) == 0 {
		p.NickName = given[0]
	}
	if rng.IntN(2) == 0 {
		p.Locale = seeded.Pick(rng, locales)
	}
	if rng.IntN(5) == 0 {
		p.Title = ""
	}
	if rng.IntN(12) == 0 {
		p.Status = seeded.Pick(rng, rareStatuses)
	}
	return p
}

// mixedCase writes ada.byron@harbour.example as Ada.Byron@Harbour.Example.
func mixedCase(address string) string {
	b := []byte(address)
	for i := range b {
		if i == 0 || b[i-1] == '.' && i < strings.IndexByte(address, '@') || b[i-1] == '@' {
			b[i] = strings.ToUpper(string(b[i]))[0]
		}
	}
	return string(b)
}

// join fills the groups: the cast's own, department, jira-users for most, and random ones up to the wished average.
func (c *Company) join(o Options, rng seeded.Source) {
	byName := map[string]int{}
	for i, g := range c.Groups {
		byName[g.Name] = i
	}
	open := make([]int, 0, len(c.Groups)) // groups that take random members
	for i, g := range c.Groups {
		if i >= len(namedGroups) || g.Name == "Domain Users" || strings.HasPrefix(g.Name, "project-") || g.Name == "Büro Zürich" {
			open = append(open, i)
		}
	}
	for i, p := range c.People {
		in := map[int]bool{byName["Everyone"]: true}
		if i < len(cast) {
			for _, name := range cast[i].groups {
				in[byName[name]] = true
			}
		} else {
			in[byName[strings.ToLower(p.Department)]] = true
			if rng.IntN(20) != 0 {
				in[byName["jira-users"]] = true
			}
			for want := draw(rng, o.Memberships) + 1; len(in) < want && len(in) < len(open); {
				in[seeded.Pick(rng, open)] = true
			}
		}
		for g := range in {
			c.Groups[g].Members = append(c.Groups[g].Members, i)
		}
	}
}

// draw gives a whole number around the average, at least 2.
func draw(rng seeded.Source, average float64) int {
	spread := int(average)
	return max(2, int(average)-spread/2+rng.IntN(spread+1))
}
