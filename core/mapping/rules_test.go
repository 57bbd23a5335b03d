package mapping

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"syncgateway/core/identity"
)

func rulesOf(t testing.TB, spec Spec) *Rules {
	t.Helper()
	r, diags := NewRules(spec)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return r
}

func TestMapUser(t *testing.T) {
	r := rulesOf(t, Spec{Include: parse(t, `contains(user.groups, "admins")`), Map: []FieldSpec{
		{"attributes.team", parse(t, `user.attributes.roles`)},
		{"username", parse(t, `regex_replace(user.username, "(.*)@.*", "$1")`)},
		{"attributes.absent", parse(t, `user.attributes.nothing`)},
		{"attributes.dept", parse(t, `user.department`)},
	}})
	in := ada()
	trace := &Trace{}
	a, err := r.MapUser(in.User, in.Groups, "okta.corp", trace)
	want := Account{In: true, Active: true, Username: "ada", Attributes: identity.Attributes{
		{Name: "dept", Values: []string{"R&D"}}, {Name: "team", Values: []string{"dev", "lead"}}}}
	if err != nil || !reflect.DeepEqual(a, want) {
		t.Errorf("got %+v, %v", a, err)
	}
	if !slices.Equal(r.Managed(), []string{"attributes.absent", "attributes.dept", "attributes.team", "username"}) || r.Manages("email") {
		t.Errorf("managed %v", r.Managed())
	}
	if len(trace.Steps) != 5 || trace.Steps[1].Rule.String() != "users.map.username (gateway.hcl:1)" || trace.Steps[1].Value != "ada" {
		t.Errorf("trace %+v", trace.Steps)
	}
	a, err = r.MapUser(in.User, nil, "okta.corp", nil)
	if err != nil || !reflect.DeepEqual(a, Account{}) {
		t.Errorf("someone left out: %+v, %v", a, err)
	}
}

func TestDefaultMap(t *testing.T) {
	in := ada()
	a, err := rulesOf(t, Spec{}).MapUser(in.User, nil, "", nil)
	want := Account{In: true, Active: true, Username: "ada@example.org", Email: "ada@example.org", GivenName: "Ada", FamilyName: "Lovelace"}
	if err != nil || !reflect.DeepEqual(a, want) {
		t.Errorf("got %+v, %v", a, err)
	}
}

func TestFailingRuleNamesItsPlace(t *testing.T) {
	r := rulesOf(t, Spec{Map: []FieldSpec{{"username", parse(t, `"${user.attributes.nothing}"`)}}})
	_, err := r.MapUser(ada().User, nil, "", nil)
	if err != nil {
		t.Fatalf("a lone interpolation passes its value on: %v", err)
	}
	r = rulesOf(t, Spec{Include: parse(t, `user.attributes.flag`), Map: []FieldSpec{{"email", parse(t, `"x${user.attributes.nothing}"`)}}})
	var record *RecordError
	_, err = r.MapUser(ada().User, nil, "", nil)
	if !errors.As(err, &record) || record.Rule.String() != "users.include (gateway.hcl:1)" {
		t.Errorf("got %v", err)
	}
	if a, err := rulesOf(t, Spec{Map: []FieldSpec{{"username", parse(t, "user.attributes.roles")}}}).MapUser(ada().User, nil, "", nil); err == nil {
		t.Errorf("a list as username: %+v", a)
	}
}

func TestMapGroup(t *testing.T) {
	group := func(name string) *identity.Group { return &identity.Group{Name: name} }
	byName := rulesOf(t, Spec{Groups: GroupSpec{Include: parse(t, `regex_match("^jira-", group.name)`), Name: parse(t, `trim_prefix(group.name, "jira-")`)}})
	mapped := rulesOf(t, Spec{Groups: GroupSpec{Mapped: true, Map: []GroupMapping{
		{Key: "okta-admins", Targets: []string{"jira-administrators", "site-admins"}},
		{Key: "/^team-(.*)$/", Targets: []string{"jira-$1", "everyone"}},
		{Key: "/^team-a$/", Targets: []string{"jira-a", "first"}},
	}}})
	for _, c := range []struct {
		rules *Rules
		name  string
		want  []string
	}{
		{byName, "jira-dev", []string{"dev"}},
		{byName, "other", nil},
		{rulesOf(t, Spec{}), " plain ", []string{"plain"}},
		{rulesOf(t, Spec{Groups: GroupSpec{Off: true}}), "plain", nil},
		{mapped, "okta-admins", []string{"jira-administrators", "site-admins"}},
		{mapped, "Okta-admins", nil},
		{mapped, "team-a", []string{"jira-a", "everyone", "first"}},
		{mapped, "team-$1", []string{"jira-$1", "everyone"}},
	} {
		got, err := c.rules.MapGroup(group(c.name), "okta.corp", &Trace{})
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: %v, %v; want %v", c.name, got, err, c.want)
		}
	}
	if got, err := byName.MapGroup(group("jira-"), "okta.corp", nil); err == nil {
		t.Errorf("an empty name gave %v", got)
	}
	trace := &Trace{}
	if _, err := mapped.MapGroup(group("okta-admins"), "okta.corp", trace); err != nil || trace.Steps[0].Rule.Name != `groups.map["okta-admins"]` {
		t.Errorf("trace %+v", trace.Steps)
	}
}

func TestInvalidGroupPattern(t *testing.T) {
	_, diags := NewRules(Spec{Groups: GroupSpec{Mapped: true, Map: []GroupMapping{{Key: "/(/", Range: hcl.Range{Filename: "gateway.hcl"}}}}})
	if !diags.HasErrors() {
		t.Error("an invalid pattern was accepted")
	}
}

func TestMerge(t *testing.T) {
	okta := Record{"okta.corp", &identity.User{ID: "1", Username: "ada", GivenName: "Ada", Attributes: identity.Attributes{{Name: "b", Values: []string{""}}, {Name: "c", Values: []string{"okta"}}}}, []string{"x", "b"}}
	ldap := Record{"ldap.hq", &identity.User{ID: "2", Username: "lovelace", Email: "ada@example.org", Active: true, Attributes: identity.Attributes{{Name: "a", Values: []string{"ldap"}}, {Name: "b", Values: []string{"ldap"}}, {Name: "c", Values: []string{"ldap"}}}}, []string{"a", "b"}}
	p := Merge([]Record{okta, ldap}, true)
	want := Person{Source: "okta.corp", Groups: []string{"a", "b", "x"},
		User: &identity.User{ID: "1", Username: "ada", Email: "ada@example.org", GivenName: "Ada", Active: true,
			Attributes: identity.Attributes{{Name: "a", Values: []string{"ldap"}}, {Name: "b", Values: []string{"ldap"}}, {Name: "c", Values: []string{"okta"}}}},
		Origin: map[string]string{"username": "okta.corp", "given_name": "okta.corp", "email": "ldap.hq", "active": "ldap.hq",
			"attributes.a": "ldap.hq", "attributes.b": "ldap.hq", "attributes.c": "okta.corp"}}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got %+v\n%+v", p, p.User)
	}
	if one := Merge([]Record{ldap}, false); one.User != ldap.User {
		t.Error("a single record was copied")
	}
}

func TestJoinKey(t *testing.T) {
	r := rulesOf(t, Spec{Join: parse(t, "lower(user.email)")})
	if key, err := r.JoinKey(ada().User, nil, ""); err != nil || key != "ada@example.org" || !r.Joins() {
		t.Errorf("%q, %v", key, err)
	}
}

func BenchmarkMapUser(b *testing.B) {
	fields := []FieldSpec{
		{"username", parse(b, `trim_suffix(user.username, "@example.org")`)}, {"email", parse(b, `lower(user.email)`)},
		{"display_name", parse(b, `coalesce(user.display_name, "${user.given_name} ${user.family_name}")`)},
		{"given_name", parse(b, `user.given_name`)}, {"family_name", parse(b, `upper(user.family_name)`)},
		{"attributes.a", parse(b, `user.department`)}, {"attributes.b", parse(b, `coalesce(user.attributes.none, "x")`)},
		{"attributes.c", parse(b, `user.active ? "yes" : "no"`)}, {"attributes.d", parse(b, `user.attributes.roles`)},
		{"attributes.e", parse(b, `"${user.source}/${user.id}"`)},
	}
	run := func(r *Rules) func(*testing.B) {
		return func(b *testing.B) {
			in := ada()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.MapUser(in.User, in.Groups, in.Source, nil); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.Run("compiled", run(rulesOf(b, Spec{Map: fields})))
	regex := slices.Clone(fields)
	regex[0].Expr = parse(b, `regex_replace(user.username, "(.*)@.*", "$1")`)
	regex[5].Expr = parse(b, `regex_match("^R", user.department)`)
	b.Run("two patterns", run(rulesOf(b, Spec{Map: regex})))
	slow := rulesOf(b, Spec{Map: fields})
	for i := range slow.fields {
		slow.fields[i].expr.run = nil
	}
	b.Run("hcl", run(slow))
}
