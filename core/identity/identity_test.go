package identity

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"ada@example.org": "ada@example.org", " Ada@Example.ORG\t": "ada@example.org",
		"Jira  Admins": "jira admins", "ÉCOLE": "école", "": "",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestVisibleTakesTheSting(t *testing.T) {
	if got := Visible("a\x1b[31mb\u202ec", 10); got != "a\uFFFD[31mb\uFFFDc" {
		t.Errorf("got %q", got)
	}
	if got := Visible("abcdef", 3); got != "abc…" {
		t.Errorf("got %q", got)
	}
}

func attributes(t *rapid.T) Attributes {
	m := rapid.MapOf(rapid.StringN(1, 8, 16), rapid.SliceOfN(rapid.String(), 0, 3)).Draw(t, "attributes")
	var as Attributes
	for k, v := range m {
		as = append(as, Attribute{Name: k, Values: append([]string{}, v...)})
	}
	return as
}

func TestUserRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String()
		u := User{ID: s.Draw(t, "id"), Kind: s.Draw(t, "kind"), Username: s.Draw(t, "username"), Email: s.Draw(t, "email"),
			DisplayName: s.Draw(t, "name"), GivenName: s.Draw(t, "given"), FamilyName: s.Draw(t, "family"),
			Active: rapid.Bool().Draw(t, "active"), Attributes: attributes(t), Version: s.Draw(t, "version"), ExternalID: s.Draw(t, "ext")}
		got, err := DecodeUser(AppendUser(nil, &u))
		if err != nil || !reflect.DeepEqual(got, u) {
			t.Fatalf("got %+v, %v; want %+v", got, err, u)
		}
	})
}

func TestGroupRoundTrip(t *testing.T) {
	g := Group{ID: "1", Kind: "group", Name: "Devs", Description: "d", Version: "v", ReadOnly: "synced", Privileged: "admin",
		Attributes: Attributes{{Name: "a", Values: []string{"x", ""}}}}
	got, err := DecodeGroup(AppendGroup(nil, &g))
	if err != nil || !reflect.DeepEqual(got, g) {
		t.Fatalf("got %+v, %v", got, err)
	}
}

func TestAttributesGet(t *testing.T) {
	as := Attributes{{"a", []string{"1"}}, {"b", []string{"2"}}, {"d", nil}}
	if got := as.Get("b"); len(got) != 1 || got[0] != "2" {
		t.Errorf("b: %v", got)
	}
	if as.Get("c") != nil || as.Get("") != nil || as.Get("z") != nil {
		t.Error("absent attributes have values")
	}
}

func FuzzDecodeUser(f *testing.F) {
	f.Add(AppendUser(nil, &User{ID: "1", Attributes: Attributes{{"a", []string{"b"}}}}))
	f.Add([]byte{1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, b []byte) {
		u, err := DecodeUser(b)
		if err != nil {
			return
		}
		if again, err := DecodeUser(AppendUser(nil, &u)); err != nil || !reflect.DeepEqual(again, u) {
			t.Fatalf("decoded %+v, then %+v, %v", u, again, err)
		}
	})
}
