package engine

import (
	"fmt"
	"strings"
	"testing"
)

func bulkBody(failOnErrors int, list string) string {
	return fmt.Sprintf(`{"schemas":["%s"],"failOnErrors":%d,"Operations":[%s]}`, bulkRequestURI, failOnErrors, list)
}

func (c *client) statuses(a *answer) string {
	list, _ := a.json["Operations"].([]any)
	var all []string
	for _, e := range list {
		all = append(all, fmt.Sprint(e.(map[string]any)["status"]))
	}
	return strings.Join(all, " ")
}

func TestBulk(t *testing.T) {
	c := newClient(t, Options{})
	old := c.create("/Users", `{"userName":"old"}`)
	gone := c.create("/Users", `{"userName":"gone"}`)
	a := c.want(200, "POST", "/Bulk", bulkBody(0, `
	 {"method":"POST","path":"/Groups","bulkId":"g","data":{"displayName":"Tour","members":[{"type":"User","value":"bulkId:u"},{"value":"`+old+`"}]}},
	 {"method":"post","path":"/Users","bulkId":"u","data":{"userName":"alice"}},
	 {"method":"PATCH","path":"/Users/bulkId:u","data":{"Operations":[{"op":"add","path":"title","value":"Dr"}]}},
	 {"method":"PUT","path":"/Users/`+old+`","data":{"userName":"newer"}},
	 {"method":"PATCH","path":"/Groups/bulkId:g","data":{"Operations":[{"op":"remove","path":"members[value eq \"bulkId:u\"]"}]}},
	 {"method":"DELETE","path":"/Users/`+gone+`"},
	 {"method":"POST","path":"/Users","bulkId":"dup","data":{"userName":"ALICE"}},
	 {"method":"POST","path":"/Groups","bulkId":"needs-dup","data":{"displayName":"x","members":[{"value":"bulkId:dup"}]}},
	 {"method":"POST","path":"/Groups","bulkId":"unknown","data":{"displayName":"y","members":[{"value":"bulkId:nope"}]}},
	 {"method":"GET","path":"/Users/`+old+`"},
	 {"method":"POST","path":"/Users","data":{"userName":"no bulk id"}},
	 {"method":"POST","path":"/Users","bulkId":"u","data":{"userName":"twice"}},
	 {"method":"DELETE","path":"/Users/`+old+`","version":"W/\"zz\""},
	 {"method":"POST","path":"/Devices","bulkId":"d","data":{}},
	 {"method":"DELETE","path":"/Users"}`))
	if got := c.statuses(a); got != "201 201 200 200 204 204 409 409 409 400 400 400 412 404 400" {
		t.Error(got, a.text)
	}
	c.shows(a, "schemas", `["`+bulkResponseURI+`"]`)
	c.shows(a, "Operations[0].bulkId", `"g"`)
	c.shows(a, "Operations[6].location", "null")
	c.shows(a, "Operations[6].response.scimType", `"uniqueness"`)
	c.shows(a, "Operations[12].response.status", `"412"`)
	if got := a.at("Operations[5].location"); !strings.HasSuffix(got, "/v2/Users/"+gone+`"`) {
		t.Error(got)
	}
	if got := c.find(`title eq "Dr" or userName eq "newer"`); got != "newer alice" {
		t.Error(got)
	}
	group := c.want(200, "GET", "/Groups?filter=displayName+eq+%22Tour%22", nil)
	c.shows(group, "Resources[0].members.length", "1")
	c.shows(group, "Resources[0].members[0].value", `"`+old+`"`)
}

func TestBulkCircles(t *testing.T) {
	c := newClient(t, Options{})
	circle := `{"method":"POST","path":"/Groups","bulkId":"a","data":{"displayName":"A","members":[{"value":"bulkId:b"}]}},
	 {"method":"POST","path":"/Groups","bulkId":"b","data":{"displayName":"B","members":[{"value":"bulkId:c"}]}},
	 {"method":"POST","path":"/Groups","bulkId":"c","data":{"displayName":"%s","members":[{"value":"bulkId:a"}]}}`
	c.create("/Groups", `{"displayName":"taken"}`)
	a := c.want(200, "POST", "/Bulk", bulkBody(0, fmt.Sprintf(circle, "Taken")))
	if got := c.statuses(a); got != "409 409 409" {
		t.Error(got, a.text)
	}
	c.shows(c.want(200, "GET", "/Groups", nil), "totalResults", "1")
	a = c.want(200, "POST", "/Bulk", bulkBody(0, fmt.Sprintf(circle, "C")))
	if got := c.statuses(a); got != "201 201 201" {
		t.Error(got, a.text)
	}
	list := c.want(200, "GET", "/Groups?sortBy=displayName", nil)
	for i := range 3 {
		c.shows(list, fmt.Sprintf("Resources[%d].members[0].type", i), `"Group"`)
		c.shows(list, fmt.Sprintf("Resources[%d].members[0].value", i), list.at(fmt.Sprintf("Resources[%d].id", (i+1)%3)))
	}
	bosses := `{"method":"POST","path":"/Users","bulkId":"x","data":{"userName":"x","` + enterprise + `":{"manager":{"value":"bulkId:y"}}}},
	 {"method":"POST","path":"/Users","bulkId":"y","data":{"userName":"y","` + enterprise + `":{"manager":{"value":"bulkId:x","$ref":"../Users/bulkId:x"}}}}`
	if got := c.statuses(c.want(200, "POST", "/Bulk", bulkBody(0, bosses))); got != "201 201" {
		t.Error(got)
	}
	self := `{"method":"POST","path":"/Groups","bulkId":"s","data":{"displayName":"self","members":[{"value":"bulkId:s"}]}}`
	if got := c.statuses(c.want(200, "POST", "/Bulk", bulkBody(0, self))); got != "201" {
		t.Error(got)
	}
}

func TestBulkLimits(t *testing.T) {
	c := newClient(t, Options{MaxBulkOperations: 3, MaxBulkBody: 5000, MaxBody: 100})
	bad := `{"method":"DELETE","path":"/Users/none"}`
	good := `{"method":"POST","path":"/Users","bulkId":"%d","data":{"userName":"u%d"}}`
	if got := c.statuses(c.want(200, "POST", "/Bulk", bulkBody(1, bad+","+fmt.Sprintf(good, 1, 1)))); got != "404" {
		t.Error(got)
	}
	if got := c.find(`userName pr`); got != "" {
		t.Error("an operation after the last was run: ", got)
	}
	if got := c.statuses(c.want(200, "POST", "/Bulk", bulkBody(2, bad+","+fmt.Sprintf(good, 2, 2)+","+bad))); got != "404 201 404" {
		t.Error(got)
	}
	if a := c.refused(413, "", "POST", "/Bulk", bulkBody(0, strings.Join([]string{bad, bad, bad, bad}, ","))); !strings.Contains(a.text, "3") {
		t.Error(a.text)
	}
	if a := c.refused(413, "", "POST", "/Bulk", bulkBody(0, fmt.Sprintf(good, 3, 3)+strings.Repeat(" ", 5000))); !strings.Contains(a.text, "5000") {
		t.Error(a.text)
	}
	c.refused(400, invalidSyntax, "POST", "/Bulk", `{}`)
	c.refused(400, invalidSyntax, "POST", "/Bulk", `{"Operations":[5]}`)
	c.refused(400, invalidSyntax, "POST", "/Bulk", `{"schemas":["urn:x"],"Operations":[]}`)
	c.refused(400, invalidValue, "POST", "/Bulk", `{"failOnErrors":"x","Operations":[]}`)
	c.shows(c.want(200, "POST", "/Bulk", `{"Operations":[]}`), "Operations", "[]")
}
