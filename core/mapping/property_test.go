package mapping

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"pgregory.net/rapid"

	"syncgateway/core/identity"
)

// exprOf draws an expression, most of them well typed, in hcl's syntax.
func exprOf(t *rapid.T, depth int) string {
	if depth == 0 {
		return rapid.SampledFrom([]string{
			"user.id", "user.username", "user.email", "user.display_name", "user.active", "user.groups", "user.source",
			"user.attributes.one", "user.attributes.many", "user.attributes.none", "user.department", `user.attributes["one"]`,
			`"a"`, `""`, `"äpfel"`, `"x@y.example"`, "1", "2", "0.5", "true", "false", "null", `["a", "b"]`, "[]", "local.x",
		}).Draw(t, "leaf")
	}
	e := func() string { return exprOf(t, depth-1) }
	return rapid.SampledFrom([]func() string{
		func() string { return fmt.Sprintf("(%s)", e()) },
		func() string { return fmt.Sprintf("!%s", e()) },
		func() string { return fmt.Sprintf("%s && %s", e(), e()) },
		func() string { return fmt.Sprintf("%s || %s", e(), e()) },
		func() string { return fmt.Sprintf("(%s) == (%s)", e(), e()) },
		func() string { return fmt.Sprintf("(%s) != (%s)", e(), e()) },
		func() string { return fmt.Sprintf("length(%s) > length(%s)", e(), e()) },
		func() string { return fmt.Sprintf("(%s) <= (%s)", e(), e()) },
		func() string { return fmt.Sprintf("(%s) ? (%s) : (%s)", e(), e(), e()) },
		func() string { return fmt.Sprintf(`"${%s}-${%s}"`, e(), e()) },
		func() string { return fmt.Sprintf(`"${%s}"`, e()) },
		func() string { return fmt.Sprintf("[%s, %s]", e(), e()) },
		func() string { return fmt.Sprintf("try(%s, %s)", e(), e()) },
		func() string { return fmt.Sprintf("%s[0]", "user.groups") },
		func() string { return fmt.Sprintf(`[for g in user.groups : g if g != %s]`, e()) },
		func() string { return fmt.Sprintf(`lookup({a = "x", b = "y"}, %s, %s)`, e(), e()) },
		func() string { return callOf(t, e) },
		func() string { return callOf(t, e) },
	}).Draw(t, "form")()
}

func callOf(t *rapid.T, arg func() string) string {
	var names []string
	for name := range functions {
		names = append(names, name)
	}
	slices.Sort(names)
	name := rapid.SampledFrom(names).Draw(t, "function")
	f := functions[name]
	var args []string
	for _, p := range f.params {
		switch {
		case p.pattern:
			args = append(args, rapid.SampledFrom([]string{`"^a"`, `"(.*)@.*"`, `"[aä]+"`, `"("`}).Draw(t, "pattern"))
		case p.kind == Number:
			args = append(args, fmt.Sprint(rapid.IntRange(-2, 5).Draw(t, "number")))
		default:
			args = append(args, arg())
		}
	}
	if f.rest != nil {
		for range rapid.IntRange(0, 3).Draw(t, "more") {
			args = append(args, arg())
		}
	}
	return name + "(" + strings.Join(args, ", ") + ")"
}

func inputOf(t *rapid.T) *Input {
	str := rapid.SampledFrom([]string{"", "a", "Ada", "ada@example.org", "Äpfel", "a\u0308", " x ", "true", "5", "a\r\nb"})
	many := rapid.SliceOfN(str, 2, 3)
	u := &identity.User{ID: str.Draw(t, "id"), Username: str.Draw(t, "username"), Email: str.Draw(t, "email"),
		DisplayName: str.Draw(t, "display"), Active: rapid.Bool().Draw(t, "active")}
	if rapid.Bool().Draw(t, "has many") {
		u.Attributes = append(u.Attributes, identity.Attribute{Name: "many", Values: many.Draw(t, "many")})
	}
	if rapid.Bool().Draw(t, "has one") {
		u.Attributes = append(u.Attributes, identity.Attribute{Name: "one", Values: []string{str.Draw(t, "one")}})
	}
	return &Input{User: u, Groups: rapid.SliceOfN(str, 0, 3).Draw(t, "groups"), Source: "okta.corp"}
}

func parse(t testing.TB, src string) hclsyntax.Expression {
	t.Helper()
	expr, diags := hclsyntax.ParseExpression([]byte(src), "gateway.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%s: %s", src, diags)
	}
	return expr
}

// The compiled form may only ever be faster than hcl: same value, same error.
func TestCompiledAgreesWithHCL(t *testing.T) {
	compiled, decided := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		src := exprOf(rt, rapid.IntRange(0, 3).Draw(rt, "depth"))
		want := rapid.SampledFrom([]Kind{Any, Any, Bool, String}).Draw(rt, "want")
		e, diags := Compile(parse(t, src), want, testScope)
		if diags.HasErrors() {
			return
		}
		in := inputOf(rt)
		slow, slowErr := e.evalByHCL(in)
		fast, fastErr := e.Eval(in)
		if (slowErr == nil) != (fastErr == nil) || slowErr != nil && slowErr.Error() != fastErr.Error() {
			rt.Fatalf("%s\nhcl: %v\ncompiled: %v", src, slowErr, fastErr)
		}
		if slow.kind != fast.kind || slow.Text() != fast.Text() || !slices.Equal(slow.Strings(), fast.Strings()) {
			rt.Fatalf("%s\nhcl: %#v\ncompiled: %#v", src, slow, fast)
		}
		if e.Compiled() {
			compiled++
		}
		if e.Compiled() && slowErr == nil {
			decided++
		}
	})
	if compiled == 0 || decided == 0 {
		t.Fatalf("the generator reached the compiled form %d times, with a value %d times", compiled, decided)
	}
}
