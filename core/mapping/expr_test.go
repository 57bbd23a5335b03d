package mapping

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"syncgateway/core/identity"
)

var testScope = Scope{Roots: []string{RootUser}, Constants: map[string]cty.Value{
	"local": cty.ObjectVal(map[string]cty.Value{"x": cty.StringVal("local")})}}

func ada() *Input {
	return &Input{Source: "okta.corp", Groups: []string{"jira-users", "admins"}, User: &identity.User{
		ID: "00u1", Username: "ada@example.org", Email: "Ada@Example.org", GivenName: "Ada", FamilyName: "Lovelace", Active: true,
		Attributes: identity.Attributes{{Name: "department", Values: []string{"R&D"}}, {Name: "roles", Values: []string{"dev", "lead"}}}}}
}

func TestEval(t *testing.T) {
	for src, want := range map[string]string{
		`regex_replace(user.username, "(.*)@.*", "$1")`:                             "ada",
		`lower(user.email)`:                                                         "ada@example.org",
		`coalesce(user.display_name, "${user.given_name} ${user.family_name}")`:     "Ada Lovelace",
		`user.department`:                                                           "R&D",
		`user.attributes.roles`:                                                     "dev, lead",
		`user.attributes.nothing`:                                                   "",
		`lower(user.attributes.nothing)`:                                            "",
		`coalesce(user.attributes.nothing, "none")`:                                 "none",
		`user.active && contains(user.groups, "admins")`:                            "true",
		`contains(user.attributes.nothing, "x")`:                                    "false",
		`contains(user.department, "R&D")`:                                          "true",
		`replace(user.email, "/@.*/", "")`:                                          "Ada",
		`replace(user.email, "Ada", "Bob")`:                                         "Bob@Example.org",
		`title("ada lovelace")`:                                                     "Ada Lovelace",
		`substr(user.given_name, 0, 1)`:                                             "A",
		`substr("äöü", -2, -1)`:                                                     "öü",
		`join("-", sort(split(",", "b,a")))`:                                        "a-b",
		`format("%s (%s)", user.given_name, user.department)`:                       "Ada (R&D)",
		`lookup({ "R&D" = "Research" }, user.department, "Other")`:                  "Research",
		`lookup({ "R&D" = "Research" }, user.attributes.nothing, "Other")`:          "Other",
		`anytrue([for g in user.groups : starts_with(g, "jira-")])`:                 "true",
		`length(user.attributes.roles) >= 2 ? "many" : "few"`:                       "many",
		`user.source == "okta.corp" && !ends_with(user.email, ".test")`:             "true",
		`try(user.groups[7], "none")`:                                               "none",
		`distinct(concat(user.groups, ["admins"], user.department))`:                "jira-users, admins, R&D",
		`trim_prefix(local.x, "lo")`:                                                "cal",
		`user.attributes.nothing == null ? "unknown" : user.attributes.nothing`:     "unknown",
		`regex_match("^jira-", "jira-x") || regex_match("x", user.attributes.none)`: "true",
	} {
		e, diags := Compile(parse(t, src), Any, testScope)
		if diags.HasErrors() {
			t.Errorf("%s: %s", src, diags)
			continue
		}
		v, err := e.Eval(ada())
		if err != nil || v.Text() != want {
			t.Errorf("%s = %q, %v; want %q", src, v.Text(), err, want)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	for src, want := range map[string]string{
		`usr.email`:                            `There is nothing called "usr" here`,
		`group.name`:                           `There is nothing called "group" here`,
		`lowr(user.email)`:                     `Did you mean "lower"?`,
		`lower(user.groups)`:                   "string required",
		`regex_match("(", user.email)`:         "no valid RE2 expression (missing closing )",
		`replace(user.email)`:                  "Not enough function arguments",
		`user.email.domain`:                    "Unsupported attribute",
		`user.email`:                           "true or false is needed",
		`length(user.groups)`:                  "true or false is needed",
		`"${local.secret}" == user.email`:      "Secret value in a rule",
		`regex_replace(user.id, "a{9999}","")`: "invalid repeat count",
	} {
		scope := testScope
		scope.Constants = map[string]cty.Value{"local": cty.ObjectVal(map[string]cty.Value{"secret": cty.StringVal("hunter2").Mark("secret")})}
		_, diags := Compile(parse(t, src), Bool, scope)
		if !diags.HasErrors() || !strings.Contains(diags[0].Summary+" "+diags[0].Detail, want) {
			t.Errorf("%s: %v; want %q", src, diags, want)
		}
		if diags.HasErrors() && strings.Contains(diags.Error(), "hunter2") {
			t.Errorf("%s: the diagnostic shows a secret", src)
		}
	}
}

func TestRecordErrors(t *testing.T) {
	for src, want := range map[string]string{
		`"${user.attributes.nothing}-x"`:              "coalesce(value",
		`user.groups[7]`:                              "Invalid index",
		`format("%999999d", length(user.department))`: "width or precision",
		`join(user.department, [for g in [for h in split("", "aaaaaaaaaaaaaaaaaaaa") : user.groups] : format("%999s", g[0])])`: "",
	} {
		e, diags := Compile(parse(t, src), Any, testScope)
		if diags.HasErrors() {
			if want == "" || !strings.Contains(diags.Error(), want) {
				t.Errorf("%s: %s", src, diags)
			}
			continue
		}
		_, err := e.Eval(ada())
		var record *RecordError
		if want != "" && (!errors.As(err, &record) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v; want %q", src, err, want)
		}
	}
}

func TestReads(t *testing.T) {
	src := `contains(user.groups, "x") && user.attributes.a == user.b && user.attributes["c d"] == user.email`
	e, diags := Compile(parse(t, src), Bool, testScope)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	want := []string{"user.attributes.a", "user.attributes.b", "user.attributes.c d", "user.email", "user.groups"}
	if !slices.Equal(e.Reads(), want) || !e.Compiled() {
		t.Errorf("reads %v, compiled %v", e.Reads(), e.Compiled())
	}
}

func TestResultsAreBounded(t *testing.T) {
	in := ada()
	in.User.Email = strings.Repeat("a", 60<<10)
	for _, src := range []string{
		`replace(user.email, "a", user.email)`, `regex_replace(user.email, "a", user.email)`,
		`join(user.email, ["a", "b", "c"])`, `upper("${user.email}${user.email}")`,
	} {
		e, diags := Compile(parse(t, src), String, testScope)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		if _, err := e.Eval(in); err == nil || !strings.Contains(err.Error(), "longer than") {
			t.Errorf("%s: %v", src, err)
		}
	}
}
