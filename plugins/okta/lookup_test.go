package okta

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/company"
	"syncgateway/examples/sandbox/fault"
	"syncgateway/examples/sandbox/okta"
	"syncgateway/sdk"
)

func TestLookup(t *testing.T) {
	o := startOrg(t, sandbox.Options{Seed: 1, People: 60, WithoutOAuth: true, Lag: time.Minute})
	in := o.open(nil)
	o.mutate(company.Mutation{Op: company.Create, Profile: &company.Person{Login: "brand.new@harbour.example", Email: "brand.new@harbour.example",
		FirstName: "Brand", LastName: "New", Status: company.Active}},
		company.Mutation{Op: company.SetStatus, Person: emil, Value: string(company.Deprovisioned)})
	for name, test := range map[string]struct {
		by    sdk.LookupRequest
		login string
	}{
		"id":              {sdk.LookupRequest{ID: o.id(ada)}, ada},
		"login":           {sdk.LookupRequest{Username: ada}, ada},
		"login's case":    {sdk.LookupRequest{Username: "ADA.Byron@Harbour.example"}, ada},
		"e-mail":          {sdk.LookupRequest{Email: ada}, ada},
		"e-mail's case":   {sdk.LookupRequest{Email: "Ada.Byron@harbour.EXAMPLE"}, ada},
		"not yet indexed": {sdk.LookupRequest{Email: "brand.new@harbour.example"}, "brand.new@harbour.example"},
		"deactivated":     {sdk.LookupRequest{ID: o.id(emil)}, emil},
		"deactivated too": {sdk.LookupRequest{Email: emil}, emil},
	} {
		found, err := in.Lookup(t.Context(), test.by)
		if err != nil || found.User == nil || found.User.ID != o.id(test.login) || found.User.Active != (test.login != emil) {
			t.Errorf("%s: %+v, %v", name, found.User, err)
			continue
		}
		var names []string
		for _, g := range found.Groups {
			names = append(names, g.Name)
		}
		slices.Sort(names)
		if u, _ := o.Okta.User(test.login); !slices.Equal(names, u.Groups) {
			t.Errorf("%s: groups %v, want %v", name, names, u.Groups)
		}
	}
	g, err := in.Lookup(t.Context(), sdk.LookupRequest{GroupID: o.group("engineering")})
	if err != nil || len(g.Groups) != 1 || g.Groups[0].Name != "engineering" {
		t.Errorf("%+v, %v", g, err)
	}
}

func TestLookupNotFound(t *testing.T) {
	o := small(t)
	in := o.open(nil)
	o.mutate(company.Mutation{Op: company.SetStatus, Person: emil, Value: string(company.Staged)},
		company.Mutation{Op: company.SetStatus, Person: otto, Value: string(company.Deprovisioned)})
	gone := o.id(otto)
	o.mutate(company.Mutation{Op: company.Delete, Person: otto})
	for name, by := range map[string]sdk.LookupRequest{
		"deleted": {ID: gone}, "unknown id": {ID: "00uNobodyHasThisId00"}, "odd id": {ID: "../logs"}, "me": {ID: "me"}, "a login": {ID: "ada.byron"},
		"unknown login": {Username: "nobody@harbour.example"}, "short login": {Username: "ada.byron"}, "a path": {Username: "a/b"}, "dots": {Username: ".."},
		"unknown e-mail": {Email: "nobody@harbour.example"}, "quoted e-mail": {Email: `" or profile.email sw "a`}, "staged": {ID: o.id(emil)},
		"unknown group": {GroupID: "00gNobodyHasThisId00"}, "everyone": {GroupID: o.group("Everyone")},
	} {
		if found, err := in.Lookup(t.Context(), by); !sdk.Is(err, sdk.ReasonNotFound) {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}
	if found, err := o.open(map[string]any{"staged": "inactive"}).Lookup(t.Context(), sdk.LookupRequest{ID: o.id(emil)}); err != nil || found.User.Active {
		t.Errorf("staged: %+v, %v", found, err)
	}
	if _, err := in.Lookup(t.Context(), sdk.LookupRequest{}); !sdk.Is(err, sdk.ReasonInvalid) {
		t.Error(err)
	}
}

// Okta finds a user by the part of the login before the @, too.
func TestSomebodyElseIsNotFound(t *testing.T) {
	in := odd(t, func(w http.ResponseWriter, r *http.Request) {
		body := `{"id":"00u1","status":"ACTIVE","profile":{"login":"ada@example.org","email":"ada@example.org"}}`
		if strings.HasSuffix(r.URL.Path, "/users") || strings.HasSuffix(r.URL.Path, "/groups") {
			body = "[" + body + "]"
		}
		_, _ = w.Write([]byte(body))
	})
	for name, by := range map[string]sdk.LookupRequest{
		"login": {Username: "ada"}, "id": {ID: "ada"}, "e-mail": {Email: "ada"}, "login with a slash": {Username: "a/da@example.org"},
	} {
		if found, err := in.Lookup(t.Context(), by); !sdk.Is(err, sdk.ReasonNotFound) {
			t.Errorf("%s: %+v, %v", name, found.User, err)
		}
	}
	if found, err := in.Lookup(t.Context(), sdk.LookupRequest{Email: "Ada@example.org"}); err != nil || found.User.ID != "00u1" {
		t.Errorf("%+v, %v", found.User, err)
	}
}

// Not found is a witness by which people are removed: nothing else may look like it.
func TestTroubleIsNotNotFound(t *testing.T) {
	o := small(t)
	in, id := o.open(nil), o.id(ada)
	for name, rule := range map[string]fault.Rule{
		"proxy's 404": {Kind: fault.HTML, Status: 404}, "error": {Kind: fault.Status, Status: 500}, "cut": {Kind: fault.CutBody}, "half": {Kind: fault.TruncatedJSON},
		"page": {Kind: fault.HTML}, "role": {Kind: fault.LostRole}, "scope": {Kind: fault.LostScope}, "refused": {Kind: fault.Status, Status: 401},
		"limited for ever": {Kind: fault.Status, Status: 429}, "no answer": {Kind: fault.DropRequest},
	} {
		rule.Path = "/api/v1/users/**"
		fired := o.fault(rule)
		if _, err := in.Lookup(t.Context(), sdk.LookupRequest{ID: id}); err == nil || sdk.Is(err, sdk.ReasonNotFound) {
			t.Errorf("%s: %v", name, err)
		}
		if o.Faults.Fired(fired) == 0 {
			t.Errorf("%s did not fire", name)
		}
		o.Faults.Clear()
	}
	o.Okta.SetRole(okta.Limited)
	for _, by := range []sdk.LookupRequest{{ID: id}, {Username: ada}, {Email: ada}} {
		if _, err := in.Lookup(t.Context(), by); !sdk.Is(err, sdk.ReasonPermission) {
			t.Errorf("%+v without a role: %v", by, err)
		}
	}
}

func TestLookupOfASharedAddress(t *testing.T) {
	o := small(t)
	in := o.open(nil)
	o.mutate(company.Mutation{Op: company.SetProfile, Person: emil, Field: "email", Value: "desk@harbour.example"},
		company.Mutation{Op: company.SetProfile, Person: otto, Field: "email", Value: "desk@harbour.example"})
	if _, err := in.Lookup(t.Context(), sdk.LookupRequest{Email: "desk@harbour.example"}); !sdk.Is(err, sdk.ReasonConflict) {
		t.Errorf("two active: %v", err)
	}
	o.mutate(company.Mutation{Op: company.SetStatus, Person: otto, Value: string(company.Suspended)})
	if found, err := in.Lookup(t.Context(), sdk.LookupRequest{Email: "desk@harbour.example"}); err != nil || found.User.ID != o.id(emil) {
		t.Errorf("one active: %+v, %v", found, err)
	}
	o.mutate(company.Mutation{Op: company.SetStatus, Person: emil, Value: string(company.Suspended)})
	if _, err := in.Lookup(t.Context(), sdk.LookupRequest{Email: "desk@harbour.example"}); !sdk.Is(err, sdk.ReasonConflict) {
		t.Errorf("none active: %v", err)
	}
}
