// Package crowd is people and groups that exist only as arithmetic: any number of them
// takes no memory, and making one costs little, so that a benchmark measures the
// gateway. The synthetic source shows them; the synthetic target may begin with their
// accounts.
package crowd

import (
	"slices"
	"strconv"
	"strings"

	"syncgateway/sdk"
)

// Size is how many there are.
type Size struct {
	Users   int `json:"users"`
	Groups  int `json:"groups"`
	PerUser int `json:"per_user"` // groups each person is in
}

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

// texts makes many small texts in one piece of memory.
type texts struct{ strings.Builder }

func (t *texts) join(parts ...string) string {
	start := t.Len()
	for _, p := range parts {
		t.WriteString(p)
	}
	return t.String()[start:]
}

// idDigits is the length of a number in an id.
const idDigits = 8

// pad is what comes before a number in an id.
func pad(n string) string { return "00000000"[:max(0, idDigits-len(n))] }

// ID is the id of number i of something.
func ID(prefix string, i int) string {
	n := strconv.Itoa(i)
	return prefix + pad(n) + n
}

// Number is the i of ID, -1 of another text.
func Number(prefix, id string) int {
	digits, ok := strings.CutPrefix(id, prefix)
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || len(digits) < idDigits {
		return -1
	}
	return n
}

// Person is person i as the source shows them. The revision shows in the department.
func Person(i, revision int) sdk.User {
	const userBytes = 640 // about what the texts of one person take
	var t texts
	t.Grow(userBytes)
	u, n := account(&t, "u", i)
	u.GivenName, u.FamilyName = "User", u.DisplayName[len("User "):]
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

// unchanged is the department of people whom no revision changed.
var unchanged = sdk.Attributes{{Name: "department", Values: []string{"department 0"}}}

// Account is the account that person i has in the target.
func Account(i int) sdk.User {
	var t texts
	t.Grow(80)
	u, _ := account(&t, "a", i)
	u.Attributes = unchanged
	return u
}

func account(t *texts, prefix string, i int) (u sdk.User, n string) {
	n = strconv.Itoa(i)
	return sdk.User{ID: t.join(prefix, pad(n), n), Username: t.join("user", n), Email: t.join("user", n, "@bench.example"),
		DisplayName: t.join("User Number ", n), Active: true}, n
}

// first are the people in a group with the lowest numbers: the others of the group come
// a whole number of groups after one of them. Person i is in the groups i + k*step, for
// each k below PerUser.
func (s Size) first(group int) []int {
	step := max(1, s.Groups/max(1, s.PerUser))
	first := make([]int, min(s.PerUser, s.Groups))
	for k := range first {
		first[k] = ((group-k*step)%s.Groups + s.Groups) % s.Groups
	}
	slices.Sort(first)
	return first
}

// Members are the numbers of the people in a group, in order.
func (s Size) Members(group int) []int32 {
	first := s.first(group)
	out := make([]int32, 0, len(first)*(s.Users/s.Groups+1))
	for base := 0; base < s.Users; base += s.Groups {
		for _, i := range first {
			if base+i < s.Users {
				out = append(out, int32(base+i))
			}
		}
	}
	return out
}

// IDs are the ids of these numbers.
func IDs(prefix string, numbers []int32) []string {
	const most = 100_000_000 // what has no more than idDigits
	ids := make([]string, len(numbers))
	var t texts
	t.Grow(len(numbers) * (len(prefix) + idDigits))
	for i, number := range numbers {
		if number >= most {
			ids[i] = ID(prefix, int(number))
			continue
		}
		digits := [idDigits]byte{}
		for at := idDigits - 1; at >= 0; at, number = at-1, number/10 {
			digits[at] = byte('0' + number%10)
		}
		start := t.Len()
		t.WriteString(prefix)
		t.Write(digits[:])
		ids[i] = t.String()[start:]
	}
	return ids
}
