package filter

import (
	"errors"
	"strings"
	"testing"

	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
)

var custom = &schema.Schema{ID: "urn:x:acme:2.0:User", Name: "Acme", Attributes: []*schema.Attribute{
	{Name: "level", Type: schema.Integer}, {Name: "ratio", Type: schema.Decimal}, {Name: "since", Type: schema.DateTime},
	{Name: "tags", Type: schema.String, MultiValued: true}, {Name: "badge", Type: schema.String, CaseExact: true, Uniqueness: schema.Server}}}

var types = schema.Types(true, []schema.Extension{{Schema: custom}}, nil)

func object(t testing.TB, text string) value.Object {
	t.Helper()
	v, err := value.Parse([]byte(text), 10)
	if err != nil {
		t.Fatal(err)
	}
	return v.(value.Object)
}

const ada = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"Ab1","externalId":"E-1","userName":"Ada@Example.org",
 "name":{"familyName":"Byron","givenName":"Ada"},"active":true,"title":"","nickName":"a\"b\\c","displayName":"Ärger",
 "emails":[{"value":"ada@work.example","type":"work","primary":true},{"value":"a@home.example","type":"home"}],
 "addresses":[{"type":"work","locality":"London"}],
 "meta":{"resourceType":"User","created":"2024-02-29T23:30:00.500Z","lastModified":"2024-03-01T00:30:00.123Z"},
 "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"007","manager":{"value":"M1"}},
 "urn:x:acme:2.0:User":{"level":10,"ratio":2.50,"since":"2020-01-01T00:00:00+02:00","tags":["Red","blue"]}}`

func TestMatch(t *testing.T) {
	who := object(t, ada)
	for text, want := range map[string]bool{
		`userName eq "ada@example.ORG"`:                                            true,
		`USERNAME EQ "ada@example.org"`:                                            true,
		`urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ada@example.org"`: true,
		`urn:IETF:params:scim:schemas:core:2.0:user:name.familyName sw "by"`:       true,
		`externalId eq "e-1"`:                                                      false,
		`id eq "Ab1"`:                                                              true,
		`id eq "ab1"`:                                                              false,
		`displayName eq "ärger"`:                                                   true,
		`displayName eq "A\u0308RGER"`:                                             true,
		`nickName eq "a\"b\\c"`:                                                    true,
		`name.familyName co "YRO"`:                                                 true,
		`name.givenName ew "DA"`:                                                   true,
		`userName ne "x"`:                                                          true,
		`userName ne "ADA@example.org"`:                                            false,
		`title pr`:                                                                 false,
		`title ne "x"`:                                                             true,
		`nickName pr and not (title pr)`:                                           true,
		`active eq true`:                                                           true,
		`active eq "True"`:                                                         true,
		`active ne true`:                                                           false,
		`active eq False`:                                                          false,
		`profileUrl eq null`:                                                       true,
		`profileUrl ne null`:                                                       false,
		`userName ne null`:                                                         true,
		`emails pr`:                                                                true,
		`emails.display pr`:                                                        false,
		`phoneNumbers pr`:                                                          false,
		`name pr`:                                                                  true,
		`emails co "@WORK"`:                                                        true,
		`emails eq "ada@work.example"`:                                             true,
		`emails.value eq "ada@work.example" and emails.type eq "home"`:                              true,
		`emails[value eq "ada@work.example" and type eq "home"]`:                                    false,
		`emails[type eq "work" and value co "@work"]`:                                               true,
		`emails[type eq "work"].value eq "ada@work.example"`:                                        true,
		`emails[type eq "work"].value eq "a@home.example"`:                                          false,
		`emails[not (type eq "work")]`:                                                              true,
		`emails[primary eq true]`:                                                                   true,
		`emails.type ne "work"`:                                                                     true,
		`addresses[locality sw "lon"]`:                                                              true,
		`not (userName eq "x")`:                                                                     true,
		`not(userName eq "x" or active eq true)`:                                                    false,
		`userName eq "x" or active eq true and title pr`:                                            false,
		`(userName eq "x" or active eq true) and emails pr`:                                         true,
		`active eq true or title pr and title pr`:                                                   true,
		`((((userName pr))))`:                                                                       true,
		`meta.lastModified ge "2024-03-01T01:30:00.123+01:00"`:                                      true,
		`meta.lastModified gt "2024-03-01T00:30:00.123Z"`:                                           false,
		`meta.lastModified lt "2024-03-01T00:30:00.123000001Z"`:                                     true,
		`meta.created gt "0001-01-01T00:00:00Z"`:                                                    true,
		`meta.created sw "2024-02"`:                                                                 true,
		`meta.resourceType eq "User"`:                                                               true,
		`schemas eq "urn:ietf:params:scim:schemas:core:2.0:User"`:                                   true,
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber eq "007"`:        true,
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq "M1"`:                true,
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "M1"`:          true,
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.manager eq "M1"`:                true,
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr`:                             true,
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department pr`:                  false,
		`urn:x:acme:2.0:User:level ge 10`:                                                           true,
		`urn:x:acme:2.0:User:level gt 9.99`:                                                         true,
		`urn:x:acme:2.0:User:ratio eq 25e-1`:                                                        true,
		`urn:x:acme:2.0:User:since eq "2019-12-31T22:00:00Z"`:                                       true,
		`urn:x:acme:2.0:User:tags eq "red"`:                                                         true,
		`urn:x:acme:2.0:User:tags[value sw "bl"]`:                                                   true,
		`externalId eq E-1`:                                                                         true,
		`userName sw A`:                                                                             true,
		`userName gt "aaa"`:                                                                         true,
		`userName lt "ADB"`:                                                                         true,
		"userName\teq \"ada@example.org\"  ":                                                        true,
		`userName eq "ada@example.org" and (emails[type eq "home"] or name.familyName eq "nobody")`: true,
	} {
		n, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		f, err := Compile(types[0], n, nil)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if f.Match(who) != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
}

func TestRefused(t *testing.T) {
	deep := strings.Repeat("(", 5000) + "userName pr" + strings.Repeat(")", 5000)
	for _, text := range []string{``, ` `, `userName`, `userName eq`, `userName zz "x"`, `userName eq "x`, `userName eq "x" and`, `and userName pr`, `(userName pr`,
		`userName pr)`, `userName eq "x" "y"`, `userName eq Olivia Smith`, `not userName pr`, `emails[type eq "work"`, `emails[]`, `emails[type eq "work"].`,
		`emails[type[value eq "x"]]`, `userName eq "\x"`, `userName eq 'x'y"`, `"userName" eq "x"`, `userName eq (x)`, `nope eq "x"`, `name eq "x"`, `addresses eq "x"`,
		`active gt true`, `active eq "yes"`, `active co "t"`, `x509Certificates gt "AA"`, `userName co null`, `meta.created gt "yesterday"`, `name[givenName.x eq "a"]`,
		`userName[value eq "x"]`, `emails.nope eq "x"`, `emails[nope eq "x"]`, `password eq "x"`, `password pr`, `urn:x:acme:2.0:User:level co 1`, `urn:x:acme:2.0:User:level eq "x"`,
		`urn:x:acme:2.0:User eq "x"`, deep, strings.Repeat("userName pr or ", 300) + "userName pr", `userName eq "` + strings.Repeat("x", MaxLength) + `"`, `userName eqx "a"`, `userName eq "a"or userName pr`} {
		n, err := Parse(text)
		if err == nil {
			_, err = Compile(types[0], n, nil)
		}
		var bad *Error
		if !errors.As(err, &bad) || !bad.InFilter {
			t.Errorf("%.60s: %v", text, err)
		}
	}
}

func TestForeignAttributesHaveNoValue(t *testing.T) {
	foreign := func(path string) bool { _, ok := types[1].Resolve(path); return ok }
	for text, want := range map[string]bool{`members pr`: false, `members eq "x"`: false, `members ne "x"`: true, `members eq null`: true, `members[value eq "x"] or userName pr`: true} {
		n, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Compile(types[0], n, foreign)
		if err != nil || f.Match(object(t, ada)) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	n, _ := Parse(`nope eq "x"`)
	if _, err := Compile(types[0], n, foreign); err == nil {
		t.Error("an attribute of no type was taken")
	}
}

func TestKeys(t *testing.T) {
	for text, want := range map[string]string{
		`userName eq "ADA"`: "userName=ada!",
		`urn:ietf:params:scim:schemas:core:2.0:User:userName eq "A"`: "userName=a!",
		`externalId eq "E"`: "externalId=E!",
		`id eq "X"`:         "id=X!",
		`emails eq "A@x"`:   "emails.value=a@x!",
		`emails[type eq "work" and value eq "A@x"]`:                   "emails.value=a@x",
		`emails[type eq "work"].value eq "A@x"`:                       "emails.value=a@x",
		`emails[value eq "x"]`:                                        "emails.value=x!",
		`userName eq "a" and active eq true`:                          "userName=a",
		`userName eq "a" or externalId eq "b"`:                        "userName=a|externalId=b!",
		`(userName eq "a" or externalId eq "b") and title pr`:         "userName=a|externalId=b",
		`(userName eq "a" or externalId eq "b") and id eq "c"`:        "id=c",
		`userName eq "a" or title pr`:                                 "",
		`not (userName eq "a")`:                                       "",
		`userName sw "a"`:                                             "",
		`userName eq null`:                                            "",
		`active eq true`:                                              "",
		`urn:x:acme:2.0:User:badge eq "B"`:                            "urn:x:acme:2.0:User:badge=B!",
		`groups eq "g"`:                                               "",
		strings.Repeat(`userName eq "a" or `, 40) + `userName eq "b"`: "",
	} {
		if got := shown(t, types[0], text); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
	for text, want := range map[string]string{
		`id eq "g" and members eq "u"`:                 "id=g&member=u!",
		`members.value eq "u"`:                         "member=u!",
		`members[value eq "u" and type eq "X"]`:        "member=u",
		`displayName eq "A" and members[value eq "u"]`: "displayName=a&member=u!",
	} {
		if got := shown(t, types[1], text); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}

func shown(t *testing.T, of *schema.ResourceType, text string) string {
	t.Helper()
	n, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Compile(of, n, nil)
	if err != nil {
		t.Fatal(err)
	}
	branches, exact := f.Keys()
	var parts []string
	for _, b := range branches {
		var all []string
		for _, k := range b {
			all = append(all, k.Attribute+"="+k.Value)
		}
		parts = append(parts, strings.Join(all, "&"))
	}
	out := strings.Join(parts, "|")
	if exact && out != "" {
		out += "!"
	}
	return out
}

func TestParsePath(t *testing.T) {
	for text, want := range map[string]Path{
		`userName`:        {Attribute: "userName"},
		`name.familyName`: {Attribute: "name.familyName"},
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager`: {Attribute: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"},
	} {
		if got, err := ParsePath(text); err != nil || got.Attribute != want.Attribute || got.Filter != nil || got.Sub != "" {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	got, err := ParsePath(`emails[type eq "work" and not (primary eq true)].value`)
	if err != nil || got.Attribute != "emails" || got.Sub != "value" || Terms(got.Filter) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	for text, inFilter := range map[string]bool{``: false, `[type eq "x"]`: false, `emails[type eq]`: true, `emails[type eq "x"`: true, `emails[type eq "x"]value`: false,
		`emails[type eq "x"].`: false, `a b`: false, `emails[type eq "x"].value.y z`: false, `"a"`: false} {
		_, err := ParsePath(text)
		var bad *Error
		if !errors.As(err, &bad) || bad.InFilter != inFilter {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// FuzzFilter: a filter that is taken is bounded, can be evaluated, and what its keys say
// is true of the resource whenever the filter is.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{`userName eq "ada@example.org"`, `emails[type eq "work" and value co "@x"].value pr`, `not (a.b ne null) or (id eq 1 and x gt 2e3)`,
		`urn:x:acme:2.0:User:tags eq "\u00e4"`, `emails eq "ada@work.example" or externalId eq E-1`, `((userName pr))`, `active eq "True"`} {
		f.Add(s)
	}
	who := object(f, ada)
	have := map[schema.Key]bool{{Attribute: "id", Value: "Ab1"}: true}
	for _, k := range types[0].Keys(who) {
		k.Unique = false
		have[k] = true
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := Parse(text)
		if err != nil {
			return
		}
		if Terms(n) > MaxTerms {
			t.Fatal("more terms than allowed")
		}
		c, err := Compile(types[0], n, nil)
		if err != nil {
			return
		}
		branches, exact := c.Keys()
		if branches == nil {
			c.Match(who)
			return
		}
		found := false
		for _, b := range branches {
			all := true
			for _, k := range b {
				k.Unique = false
				all = all && have[k]
			}
			found = found || all
		}
		if is := c.Match(who); is && !found || exact && found != is {
			t.Fatalf("%q: found %v, meets it %v, exact %v", text, found, is, exact)
		}
	})
}

// FuzzPath: reading a path never does more than fail.
func FuzzPath(f *testing.F) {
	for _, s := range []string{`members[value eq "x"]`, `emails[type eq "work"].value`, `urn:a:b:User:name.givenName`, `a[b pr`, `]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := ParsePath(text); err == nil && p.Attribute == "" {
			t.Fatal("a path without an attribute")
		}
	})
}
