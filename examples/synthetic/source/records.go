package source

import (
	"slices"
	"strconv"
	"strings"

	"syncgateway/sdk"
)

// extraAttributes is how many attributes a person has beside the department.
const extraAttributes = 15

// extras are the names of the attributes, in order, and how their values begin.
var extras = func() (list [extraAttributes]struct{ name, value string }) {
	for i := range list {
		name := "attribute" + string(rune('a'+i))
		list[i].name, list[i].value = name, "value of "+name+" for "
	}
	return list
}()

// texts makes many small texts in one piece of memory: what a benchmark measures should
// be the gateway, not this.
type texts struct{ strings.Builder }

func (t *texts) join(parts ...string) string {
	start := t.Len()
	for _, p := range parts {
		t.WriteString(p)
	}
	return t.String()[start:]
}

// userBytes is about what the texts of one person take.
const userBytes = 640

// idDigits is the length of a number in a person's id.
const idDigits = 8

// pad is what comes before a number in an id.
func pad(n string) string { return "00000000"[:max(0, idDigits-len(n))] }

// user is person i. The revision shows in the department.
func user(i, revision int) sdk.User {
	var t texts
	t.Grow(userBytes)
	n := strconv.Itoa(i)
	u := sdk.User{ID: t.join("u", pad(n), n), Username: t.join("user", n), Email: t.join("user", n, "@bench.example"),
		DisplayName: t.join("User Number ", n), GivenName: "User", Active: true}
	u.FamilyName = u.DisplayName[len("User "):]
	u.Attributes = make(sdk.Attributes, 0, extraAttributes+1)
	values := make([]string, extraAttributes+1)
	for a, x := range extras {
		values[a] = t.join(x.value, n)
		u.Attributes = append(u.Attributes, sdk.Attribute{Name: x.name, Values: values[a : a+1 : a+1]})
	}
	values[extraAttributes] = t.join("department ", strconv.Itoa(revision))
	u.Attributes = append(u.Attributes, sdk.Attribute{Name: "department", Values: values[extraAttributes:]})
	return u
}

// members are the ids of the people in group g, in order: person i is in the groups
// i + k*step, for each k below per_user.
func (s *Source) members(g int) []string {
	groups := s.c.Groups
	step := groups / max(1, s.c.PerUser)
	first := make([]int, min(s.c.PerUser, groups))
	for k := range first {
		first[k] = ((g-k*max(1, step))%groups + groups) % groups
	}
	slices.Sort(first)
	count := len(first) * (s.c.Users/groups + 1)
	ids := make([]string, 0, count)
	var t texts
	t.Grow(count * (1 + idDigits))
	for base := 0; base < s.c.Users; base += groups {
		for _, i := range first {
			if base+i < s.c.Users {
				var digits [20]byte
				n := strconv.AppendInt(digits[:0], int64(base+i), 10)
				ids = append(ids, t.join("u", pad(string(n)), string(n)))
			}
		}
	}
	return ids
}
