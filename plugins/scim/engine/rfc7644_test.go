package engine

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// The tests of this file go through RFC 7644 section by section.

// TestFilters is section 3.4.2.2, on resources that have every sort of attribute.
func TestFilters(t *testing.T) {
	c := newClient(t, withAcme())
	for _, body := range []string{
		`{"userName":"bjensen","name":{"familyName":"O'Malley","givenName":"Barbara"},"title":"Tour Guide","userType":"Employee","externalId":"Ext-1","profileUrl":"https://x/B",
		 "emails":[{"value":"bjensen@example.com","type":"work","primary":true},{"value":"babs@jensen.org","type":"home"}],"ims":[{"value":"foo.com","type":"xmpp"}],
		 "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"701984","manager":{"value":"26118915"}},
		 "urn:x:acme:2.0:User":{"level":10,"tags":["red","Blue"],"since":"2011-05-13T04:42:34Z"}}`,
		`{"userName":"J_smith%","name":{"familyName":"Smith"},"userType":"Intern","active":false,"emails":[{"value":"j@example.org","type":"work"}],
		 "urn:x:acme:2.0:User":{"level":9,"tags":["green"],"since":"2011-05-13T04:42:35.5+02:00"}}`,
		`{"userName":"ström \"q\" \\b","displayName":"Straße","userType":"","nickName":"ς","x509Certificates":[{"value":"QUJD"}],"urn:x:acme:2.0:User":{"level":-2.0}}`,
	} {
		c.create("/Users", body)
	}
	const b, j, s = "bjensen", "J_smith%", `ström "q" \b`
	all := func(names ...string) string { return strings.Join(names, " ") }
	for filter, want := range map[string]string{
		// the examples of the section
		`userName Eq "BJENSEN"`:         b,
		`name.familyName co "O'Malley"`: b,
		`userName sw "J"`:               j,
		`userName sw "j_"`:              j,
		`userName co "%"`:               j,
		`userName co "_smith"`:          j,
		`urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"`: j,
		`title pr`:                            b,
		`title pr and userType eq "Employee"`: b,
		`title pr or userType eq "Intern"`:    all(b, j),
		`schemas eq "` + enterprise + `"`:     b,
		`schemas co "acme"`:                   all(b, j, s),
		`userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")`:            b,
		`userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")`:        s,
		`userType eq "Employee" and (emails.type eq "work")`:                                               b,
		`userType eq "Employee" and emails[type eq "work" and value co "@example.com"]`:                    b,
		`emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "foo.com"]`: b,
		`emails[type eq "home" and value co "@example.com"]`:                                               "",
		`emails.type eq "home" and emails.value co "@example.com"`:                                         b,
		// precedence: brackets, not, and, or
		`title pr or userType eq "Intern" and active eq true`:   b,
		`(title pr or userType eq "Intern") and active eq true`: b,
		`not (title pr) and active eq true or title pr`:         all(b, s),
		`not (title pr and active eq true)`:                     all(j, s),
		`not(title pr)and(active eq true)`:                      s,
		`NOT (title pr) AND active EQ false`:                    j,
		`not (not (title pr))`:                                  b,
		// every operator on text
		`userType ne "employee"`:             all(j, s),
		`userType gt "employee"`:             j,
		`userType ge "EMPLOYEE"`:             all(b, j),
		`userType lt "intern"`:               all(b, s),
		`userType le "Intern"`:               all(b, j, s),
		`userType ew "N"`:                    j,
		`userName ew "\\B"`:                  s,
		`userName eq "str\u00f6m \"q\" \\b"`: s,
		`userName eq "STRÖM \"Q\" \\B"`:      s,
		`displayName eq "straße"`:            s,
		`nickName eq "Σ"`:                    s,
		`userType pr`:                        all(b, j),
		`userType eq null`:                   s,
		`userType ne null`:                   all(b, j),
		`title eq null`:                      all(j, s),
		// letter case counts where the schema says so
		`externalId eq "ext-1"`:            "",
		`externalId eq "Ext-1"`:            b,
		`externalId sw "ext"`:              "",
		`profileUrl eq "https://x/b"`:      "",
		`profileUrl ew "/B"`:               b,
		`x509Certificates.value eq "QUJD"`: s,
		`x509Certificates eq "qujd"`:       "",
		// numbers, times, booleans
		`urn:x:acme:2.0:User:level gt 9`:                           b,
		`urn:x:acme:2.0:User:level ge 9.0`:                         all(b, j),
		`urn:x:acme:2.0:User:level lt 0`:                           s,
		`urn:x:acme:2.0:User:level eq 1e1`:                         b,
		`urn:x:acme:2.0:User:level eq "10"`:                        b,
		`urn:x:acme:2.0:User:level ne 10`:                          all(j, s),
		`urn:x:acme:2.0:User:level pr`:                             all(b, j, s),
		`urn:x:acme:2.0:User:since gt "2011-05-13T04:42:34Z"`:      "",
		`urn:x:acme:2.0:User:since ge "2011-05-13T04:42:34.000Z"`:  b,
		`urn:x:acme:2.0:User:since eq "2011-05-13T06:42:34+02:00"`: b,
		`urn:x:acme:2.0:User:since lt "2011-05-13T04:42:34Z"`:      j,
		`urn:x:acme:2.0:User:since sw "2011-05"`:                   all(b, j),
		`meta.created lt "2999-01-01T00:00:00Z"`:                   all(b, j, s),
		`meta.lastModified gt "2999-01-01T00:00:00Z"`:              "",
		`META.RESOURCETYPE eq "User"`:                              all(b, j, s),
		`meta.location co "/Users/"`:                               all(b, j, s),
		`active eq true`:                                           all(b, s),
		`active eq "False"`:                                        j,
		`active ne true`:                                           j,
		`emails.primary eq true`:                                   b,
		`emails[primary eq true]`:                                  b,
		// multi-valued, complex and of extensions
		`emails pr`:                                             all(b, j),
		`name pr`:                                               all(b, j),
		`not (name.givenName pr)`:                               all(j, s),
		`emails[type pr]`:                                       all(b, j),
		`emails[not (type eq "work")]`:                          b,
		`emails.type ne "work"`:                                 all(b, s),
		`emails eq "BABS@JENSEN.ORG"`:                           b,
		`name[familyName eq "smith"]`:                           j,
		`urn:x:acme:2.0:User:tags eq "blue"`:                    b,
		`urn:x:acme:2.0:User:tags[value sw "g"]`:                j,
		`urn:x:acme:2.0:User pr`:                                all(b, j, s),
		enterprise + `:manager eq "26118915"`:                   b,
		enterprise + `:manager.value eq "26118915"`:             b,
		enterprise + `:employeeNumber eq "701984"`:              b,
		strings.ToUpper(enterprise) + `:EMPLOYEENUMBER sw "70"`: b,
		`id pr`:          all(b, j, s),
		`id eq "nobody"`: "",
		`groups pr`:      "",
	} {
		if got := c.find(filter); got != want {
			t.Errorf("%s: %s, wanted %s", filter, got, want)
		}
	}
	for _, filter := range []string{`userName`, `userName eq`, `eq "x"`, `userName eq "x" and`, `userName eq "x" or or title pr`, `(userName eq "x"`, `userName eq "x")`, `userName like "x"`, `not userName eq "x"`,
		`userName eq "x`, `userName eq "\x"`, `userName eq x y`, `userName "eq" "x"`, `emails[type eq "work"`, `emails[]`, `emails[type eq "a" emails]`, `userName[value eq "x"]`, `emails[[type eq "x"]]`,
		`nope eq "x"`, `emails.nope eq "x"`, `emails[nope eq "x"]`, `urn:nope:User:userName eq "x"`, `active gt true`, `active co "t"`, `active eq 1`, `urn:x:acme:2.0:User:level co 1`, `urn:x:acme:2.0:User:level eq "x"`,
		`urn:x:acme:2.0:User:since gt "soon"`, `x509Certificates.value gt "QQ=="`, `name eq "x"`, `password eq "x"`, `password pr`, `userName pr "x"`, `userName eq "a" xor title pr`, `title gt null`} {
		c.refused(400, invalidFilter, "GET", "/Users?filter="+url.QueryEscape(filter), nil)
		c.refused(400, invalidFilter, "POST", "/Users/.search", map[string]any{"schemas": []string{searchURI}, "filter": filter})
	}
}

// TestBulkExample is the request of section 3.7.3, whose PATCH has its operations as data.
func TestBulkExample(t *testing.T) {
	c := newClient(t, Options{})
	ids := []string{c.create("/Users", `{"userName":"bob"}`), c.create("/Users", `{"userName":"dave","nickName":"d"}`), c.create("/Users", `{"userName":"gone"}`)}
	tag := c.want(200, "GET", "/Users/"+ids[1], nil).Header.Get("ETag")
	a := c.want(200, "POST", "/Bulk", map[string]any{"schemas": []string{bulkRequestURI}, "failOnErrors": 1, "Operations": []map[string]any{
		{"method": "POST", "path": "/Users", "bulkId": "qwerty", "data": map[string]any{"schemas": []string{userSchema}, "userName": "Alice"}},
		{"method": "PUT", "path": "/Users/" + ids[0], "version": `W/"zz"`, "data": map[string]any{"schemas": []string{userSchema}, "userName": "Bob"}},
	}})
	if got := c.statuses(a); got != "201 412" {
		t.Error(got, a.text)
	}
	a = c.want(200, "POST", "/Bulk", map[string]any{"schemas": []string{bulkRequestURI}, "failOnErrors": 1, "Operations": []map[string]any{
		{"method": "PATCH", "path": "/Users/" + ids[1], "version": tag, "data": []map[string]any{{"op": "remove", "path": "nickName"}, {"op": "replace", "path": "userName", "value": "Dave"}}},
		{"method": "DELETE", "path": "/Users/" + ids[2]},
	}})
	if got := c.statuses(a); got != "200 204" {
		t.Error(got, a.text)
	}
	c.shows(a, "Operations[0].location", `"`+c.server.URL+"/in/idp/v2/Users/"+ids[1]+`"`)
	now := c.want(200, "GET", "/Users/"+ids[1], nil)
	c.shows(now, "userName", `"Dave"`)
	c.shows(now, "nickName", "null")
	c.shows(a, "Operations[0].version", now.at("meta.version"))
}

// TestDiscoveryIgnores is section 4: discovery answers whatever the parameters of a query
// say, other than to a filter.
func TestDiscoveryIgnores(t *testing.T) {
	c := newClient(t, Options{})
	for _, path := range []string{"/ServiceProviderConfig", "/Schemas", "/ResourceTypes", "/Schemas/" + userSchema, "/ResourceTypes/User"} {
		plain := c.want(200, "GET", path, nil)
		for _, query := range []string{"count=x", "startIndex=zz&count=0", "attributes=id&excludedAttributes=meta", "attributes=id", "sortBy=nope&sortOrder=up", "cursor=zz"} {
			if a := c.want(200, "GET", path+"?"+query, nil); a.text != plain.text {
				t.Errorf("%s?%s: %s", path, query, a.text)
			}
		}
		c.refused(403, "", "GET", path+"?filter=", nil)
		c.refused(403, "", "GET", path+"?filter=name+eq+%22x%22", nil)
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			if a := c.refused(405, "", method, path, `{}`); !strings.Contains(a.Header.Get("Allow"), "GET") {
				t.Error(method, path, a.Header)
			}
		}
	}
}

// TestProjectionOnWrites is section 3.9: every answer with a resource shows what is asked
// for, and the names may come in several parameters.
func TestProjectionOnWrites(t *testing.T) {
	c := newClient(t, Options{})
	body := `{"userName":"a","title":"t","name":{"givenName":"g","familyName":"f"}}`
	a := c.want(201, "POST", "/Users?attributes=title", body)
	id := a.json["id"].(string)
	want := `{"schemas":["` + userSchema + `"],"id":"` + id + `","title":"t"}`
	for i, a := range []*answer{a, c.want(200, "PUT", "/Users/"+id+"?attributes=title", body), c.want(200, "PATCH", "/Users/"+id+"?attributes=title", ops(``)), c.want(200, "GET", "/Users/"+id+"?attributes=title", nil)} {
		if a.text != want {
			t.Error(i, a.text)
		}
	}
	both := c.want(200, "GET", "/Users/"+id+"?attributes=title&attributes=name.givenName", nil)
	if both.text != strings.TrimSuffix(want, `,"title":"t"}`)+`,"name":{"givenName":"g"},"title":"t"}` {
		t.Error(both.text)
	}
	c.shows(c.want(200, "GET", "/Users/"+id+"?excludedAttributes=title&excludedAttributes=name", nil), "title", "null")
	c.refused(400, invalidValue, "GET", "/Users/"+id+"?attributes=title&excludedAttributes=name", nil)
}

// TestUnknownResources: what is not there is 404 with the message of the protocol,
// whatever is asked of it.
func TestUnknownResources(t *testing.T) {
	c := newClient(t, Options{})
	for _, path := range []string{"/Users/none", "/Groups/none", "/Users/" + strings.Repeat("x", 5000), "/Users/%00", "/Users/a%2Fb"} {
		for method, body := range map[string]any{"GET": nil, "PUT": `{"userName":"a","displayName":"a"}`, "PATCH": ops(`{"op":"add","path":"externalId","value":"x"}`), "DELETE": nil} {
			a := c.refused(404, "", method, path, body)
			c.shows(a, "schemas", `["`+errorURI+`"]`)
			if a.Header.Get("Content-Type") != "application/scim+json" {
				t.Error(a.Header)
			}
		}
	}
	for i, path := range []string{"/User", "/Devices", "/Users/x/groups", "/Bulk/x", "/ResourceTypes/Nope", "/ResourceTypes/User/x", "/Schemas/urn:x", "/ServiceProviderConfigs"} {
		c.refused(404, "", "GET", path, nil)
		c.refused(404, "", "GET", fmt.Sprintf("%s?x=%d", path, i), nil)
	}
}

// TestPlus: a plus in an address is found however it is encoded.
func TestPlus(t *testing.T) {
	c := newClient(t, Options{})
	c.create("/Users", `{"userName":"a+b@x"}`)
	c.create("/Users", `{"userName":"a b@x"}`)
	for query, want := range map[string]string{`userName%20eq%20%22a%2Bb@x%22`: "a+b@x", `userName+eq+%22a%2Bb@x%22`: "a+b@x", `userName%20eq%20%22a+b@x%22`: "a+b@x",
		`userName%20eq%20%22a%20b@x%22`: "a b@x", `userName+eq+%22a+b@x%22`: "a b@x"} {
		if got := c.names(c.want(200, "GET", "/Users?filter="+query, nil)); got != want {
			t.Errorf("%s: %s", query, got)
		}
	}
}
