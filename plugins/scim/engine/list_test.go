package engine

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"syncgateway/plugins/scim/engine/memdir"
)

func people(c *client) {
	for i, body := range []string{
		`{"userName":"delta","displayName":"b","title":"Boss","active":false,"name":{"familyName":"Young"},"emails":[{"value":"z@x","type":"home"},{"value":"a@x","type":"work","primary":true}]}`,
		`{"userName":"Alpha","displayName":"A","name":{"familyName":"adams"},"emails":[{"value":"m@x","type":"work"}],"urn:x:acme:2.0:User":{"level":10,"tags":["red","blue"]}}`,
		`{"userName":"charlie","displayName":"c","urn:x:acme:2.0:User":{"level":9,"since":"2020-01-01T00:00:00Z"}}`,
		`{"userName":"Bravo","displayName":"a","name":{"familyName":"Brown"},"urn:x:acme:2.0:User":{"level":9.0,"since":"2020-01-01T00:00:00+05:00"}}`,
	} {
		if c.create("/Users", body) == "" {
			c.t.Fatal(i)
		}
	}
}

func TestLists(t *testing.T) {
	c := newClient(t, Options{MaxResults: 3, PageSize: 2, UserExtensions: withAcme().UserExtensions})
	a := c.want(200, "GET", "/Users", nil)
	if !strings.Contains(a.text, `"Resources":[]`) || a.at("totalResults") != "0" || a.at("itemsPerPage") != "0" || a.at("startIndex") != "1" {
		t.Error(a.text)
	}
	people(c)
	for query, want := range map[string]string{"": "delta Alpha/4/1/2", "?count=10": "delta Alpha charlie/4/1/3", "?count=0": "/4/1/0", "?count=-5": "/4/1/0", "?startIndex=0&count=1": "delta/4/1/1",
		"?startIndex=-7": "delta Alpha/4/1/2", "?startIndex=4": "Bravo/4/4/1", "?startIndex=5": "/4/5/0", "?startIndex=99999999999999999999": "/4/2147483648/0",
		"?startIndex=2&count=2": "Alpha charlie/4/2/2", "?STARTINDEX=2&Count=1": "Alpha/4/2/1", "?filter=title+pr&count=0": "/1/1/0", "?filter=displayName+eq+%22a%22&count=1&startIndex=2": "Bravo/2/2/1",
		"?filter=userName+eq+%22BRAVO%22": "Bravo/1/1/1", "?filter=name.familyName+pr&startIndex=2&count=1": "Alpha/3/2/1", "?filter=userName+eq+%22bravo%22+or+userName+eq+%22delta%22": "delta Bravo/2/1/2"} {
		a := c.want(200, "GET", "/Users"+query, nil)
		if got := fmt.Sprintf("%s/%s/%s/%s", c.names(a), a.at("totalResults"), a.at("startIndex"), a.at("itemsPerPage")); got != want {
			t.Errorf("%s: %s, wanted %s", query, got, want)
		}
	}
	for _, query := range []string{"count=x", "count=1.5", "startIndex=one", "sortOrder=up&sortBy=userName"} {
		c.refused(400, invalidValue, "GET", "/Users?"+query, nil)
	}
	c.refused(400, invalidFilter, "GET", "/Users?filter=", nil)
}

func TestSorting(t *testing.T) {
	c := newClient(t, withAcme())
	people(c)
	for by, want := range map[string]string{"userName": "Alpha Bravo charlie delta", "USERNAME": "Alpha Bravo charlie delta", "emails": "delta Alpha charlie Bravo", "emails.value": "delta Alpha charlie Bravo",
		"name.familyName": "Alpha Bravo delta charlie", "urn:ietf:params:scim:schemas:core:2.0:User:name.familyName": "Alpha Bravo delta charlie", "title": "delta Alpha charlie Bravo",
		"urn:x:acme:2.0:User:level": "charlie Bravo Alpha delta", "urn:x:acme:2.0:User:since": "Bravo charlie delta Alpha", "active": "delta Alpha charlie Bravo", "displayName": "Alpha Bravo delta charlie"} {
		if got := c.names(c.want(200, "GET", "/Users?sortBy="+by, nil)); got != want {
			t.Errorf("%s: %s", by, got)
		}
	}
	if got := c.names(c.want(200, "GET", "/Users?sortBy=name.familyName&sortOrder=Descending&count=3", nil)); got != "charlie delta Bravo" {
		t.Error(got)
	}
	if got := c.names(c.want(200, "GET", "/Users?sortBy=userName&startIndex=2&count=2&filter=active+eq+true", nil)); got != "Bravo charlie" {
		t.Error(got)
	}
	c.refused(400, invalidPath, "GET", "/Users?sortBy=nope", nil)
	c.refused(400, invalidPath, "GET", "/Users?sortBy=name", nil)
}

func TestProjection(t *testing.T) {
	c := newClient(t, withAcme())
	body := `{"userName":"a","displayName":"d","name":{"givenName":"g","familyName":"f"},"emails":[{"value":"w@x","type":"work"},{"value":"h@x","type":"home"}],
	 "urn:x:acme:2.0:User":{"level":1,"hidden":"h"},"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"x"}}`
	id := c.create("/Users", body)
	always := `"id":"` + id + `"`
	uris := `"schemas":["` + userSchema + `","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User","urn:x:acme:2.0:User"]`
	for query, want := range map[string]string{
		"attributes=userName":          `,"userName":"a"`,
		"attributes=USERNAME,nonsense": `,"userName":"a"`,
		"attributes=name.familyName":   `,"name":{"familyName":"f"}`,
		"attributes=urn:ietf:params:scim:schemas:core:2.0:User:name.givenName": `,"name":{"givenName":"g"}`,
		"attributes=emails.value":                                 `,"emails":[{"value":"w@x"},{"value":"h@x"}]`,
		"attributes=" + url.QueryEscape(`emails[type eq "work"]`): `,"emails":[{"value":"w@x","type":"work"}]`,
		"attributes=urn:x:acme:2.0:User:hidden":                   `,"urn:x:acme:2.0:User":{"hidden":"h"}`,
		"attributes=urn:x:acme:2.0:User":                          `,"urn:x:acme:2.0:User":{"level":1,"hidden":"h"}`,
		"attributes=password":                                     ``,
		"attributes=id":                                           ``,
		"attributes=groups":                                       ``,
	} {
		if a := c.want(200, "GET", "/Users/"+id+"?"+query, nil); a.text != "{"+uris+","+always+want+"}" {
			t.Errorf("%s: %s", query, a.text)
		}
	}
	a := c.want(200, "GET", "/Users/"+id+"?excludedAttributes=meta,name.givenName,emails,id,schemas,urn:x:acme:2.0:User", nil)
	want := "{" + uris + "," + always + `,"userName":"a","name":{"familyName":"f"},"displayName":"d","active":true,"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"x"}}`
	if a.text != want {
		t.Error(a.text)
	}
	c.shows(c.want(200, "GET", "/Users?attributes=displayName", nil), "Resources[0].userName", "null")
	c.shows(c.want(200, "POST", "/Users/.search", `{"attributes":["displayName"],"filter":"userName eq \"a\""}`), "Resources[0].displayName", `"d"`)
	c.shows(c.want(201, "POST", "/Users?attributes=userName", `{"userName":"b","title":"t"}`), "title", "null")
	c.shows(c.want(200, "PUT", "/Users/"+id+"?excludedAttributes=userName", body), "userName", "null")
	c.refused(400, invalidValue, "GET", "/Users?attributes=id&excludedAttributes=meta", nil)
	group := c.create("/Groups", `{"displayName":"g","members":["`+id+`"]}`)
	c.shows(c.want(200, "PATCH", "/Groups/"+group+"?attributes=members", ops(`{"op":"add","path":"members","value":"x"}`)), "members.length", "2")
	c.shows(c.want(200, "GET", "/Groups?attributes=members.value", nil), "Resources[0].members[1]", `{"value":"x"}`)
	c.shows(c.want(200, "GET", "/Groups?filter=displayName+eq+%22g%22&excludedAttributes=members", nil), "Resources[0].members", "null")
}

func TestSearchOverAllTypes(t *testing.T) {
	c := newClient(t, Options{})
	people2 := []string{c.create("/Users", `{"userName":"u1","displayName":"one"}`), c.create("/Users", `{"userName":"u2","displayName":"two"}`)}
	c.create("/Groups", `{"displayName":"one","members":["`+people2[0]+`"]}`)
	for filter, want := range map[string]string{"": "u1 u2 one", `displayName eq "one"`: "u1 one", `userName pr`: "u1 u2", `members pr`: "one", `meta.resourceType eq "Group"`: "one", `userName ne "u1"`: "u2 one"} {
		body := map[string]any{"schemas": []string{searchURI}}
		if filter != "" {
			body["filter"] = filter
		}
		if got := c.names(c.want(200, "POST", "/.search", body)); got != want {
			t.Errorf("%s: %s", filter, got)
		}
	}
	if got := c.names(c.want(200, "GET", "?filter=displayName+co+%22o%22&startIndex=2&count=2", nil)); got != "u2 one" {
		t.Error(got)
	}
	c.shows(c.want(200, "POST", "/.search", `{"startIndex":3,"count":5}`), "totalResults", "3")
	if got := c.names(c.want(200, "POST", "/.search", `{"sortBy":"displayName","sortOrder":"descending","count":2}`)); got != "u2 u1" {
		t.Error(got)
	}
	c.refused(400, invalidFilter, "POST", "/.search", `{"filter":"nope eq 1"}`)
	c.refused(400, invalidSyntax, "POST", "/.search", `{"schemas":["urn:x"]}`)
	c.refused(400, invalidValue, "POST", "/.search", `{"attributes":[1]}`)
	c.refused(405, "", "GET", "/.search", nil)
}

func TestCursors(t *testing.T) {
	now := time.Now()
	c := newClient(t, Options{Now: func() time.Time { return now }})
	for i := range 7 {
		c.create("/Users", fmt.Sprintf(`{"userName":"u%d","title":"%d"}`, i, 9-i/2))
	}
	c.create("/Groups", `{"displayName":"u-group"}`)
	walk := func(path, query string) string {
		var all []string
		cursor := ""
		for pages := 0; pages < 20; pages++ {
			a := c.want(200, "GET", path+"?"+query+"&cursor="+cursor, nil)
			all = append(all, c.names(a))
			if len(all) == 2 && path == "/Users" { // somebody comes and somebody goes while the walk is on
				c.create("/Users", `{"userName":"late`+itoa(len(query))+`","title":"1"}`)
			}
			next, _ := a.json["nextCursor"].(string)
			if next == "" {
				return strings.Join(all, "|")
			}
			if strings.Trim(next, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") != "" {
				t.Error(next)
			}
			cursor = next
		}
		return "no end"
	}
	if got := walk("/Users", "count=3"); got != "u0 u1 u2|u3 u4 u5|u6 late7" {
		t.Error(got)
	}
	if got := walk("", "count=5"); got != "u0 u1 u2 u3 u4|u5 u6 late7 u-group" {
		t.Error(got)
	}
	if got := walk("/Users", "count=3&sortBy=title&filter=userName+sw+%22u%22"); got != "u6 u4 u5|u2 u3 u0|u1" {
		t.Error(got)
	}
	if got := walk("/Users", "count=4&sortBy=title&sortOrder=descending"); !strings.HasPrefix(got, "u0 u1 u2 u3|u4 u5 u6 late") {
		t.Error(got)
	}
	first := c.want(200, "GET", "/Users?cursor&count=2", nil)
	next := first.json["nextCursor"].(string)
	c.shows(first, "startIndex", "null")
	for _, query := range []string{"count=2&filter=title+pr&cursor=" + next, "count=2&sortBy=title&cursor=" + next, "count=2&cursor=" + next + "x", "count=2&cursor=AAAA", "count=2&cursor=.~", "count=2&attributes=title&cursor=" + next} {
		c.refused(400, invalidCursor, "GET", "/Users?"+query, nil)
	}
	c.refused(400, invalidCount, "GET", "/Users?count=3&cursor="+next, nil)
	c.refused(400, invalidCount, "GET", "/Users?count=-1&cursor="+next, nil)
	c.refused(400, invalidValue, "GET", "/Users?startIndex=3&cursor=", nil)
	c.want(200, "GET", "/Users?startIndex=1&cursor=", nil)
	c.shows(c.want(200, "POST", "/Users/.search", `{"cursor":null,"startIndex":2}`), "startIndex", "2")
	c.refused(400, invalidCursor, "GET", "/Groups?count=2&cursor="+next, nil)
	c.refused(400, invalidCount, "GET", "/Users?count=0&cursor=", nil)
	other, err := New(memdir.New(time.Now), Options{BaseURL: "http://other.example", Token: testToken, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := *c
	elsewhere.server = newHandlerServer(t, other)
	elsewhere.refused(400, invalidCursor, "GET", "/Users?count=2&cursor="+next, nil)
	c.want(200, "POST", "/Users/.search", map[string]any{"count": 2, "cursor": next})
	now = now.Add(2 * time.Hour)
	c.refused(400, expiredCursor, "GET", "/Users?count=2&cursor="+next, nil)
}
