package atlassian

import (
	"encoding/json"
	"net/http"
	"testing"

	"syncgateway/sdk"
	"syncgateway/sdk/httpx"
)

func TestErrorBodies(t *testing.T) {
	for body, want := range map[string][2]string{
		`{"errorMessages":["Browse users and groups permission is required."],"errors":{}}`:                                    {"", "Browse users and groups permission is required."},
		`{"errorMessages":[],"errors":{"active":"no","name":"taken"}}`:                                                         {"", "active: no; name: taken"},
		`{"errorMessage":"No","i18nErrorMessage":{"i18nKey":"k","parameters":[]}}`:                                             {"", "No"},
		`{"statusCode":404,"data":{"authorized":true},"message":"gone"}`:                                                       {"", "gone"},
		`{"errors":[{"status":400,"code":"INVALID","title":"Bad","detail":null}]}`:                                             {"INVALID", "Bad"},
		`{"errors":[{"id":"1","status":"409","code":"ADMIN-409-28","title":"Conflict","detail":"There"}]}`:                     {"ADMIN-409-28", "There"},
		`{"code":401,"message":"Unauthorized"}`:                                                                                {"", "Unauthorized"},
		`{"key":"forbidden.action","context":{"allowed":false,"reason":{"key":"externalDirectory.scim"}}}`:                     {"forbidden.action", "externalDirectory.scim"},
		`{"key":"fieldConstraintsViolated","context":{"fieldViolations":[{"field":"nickname","violations":[]}]}}`:              {"fieldConstraintsViolated", "nickname"},
		`{"key":"forbidden","context":{"missingScope":"manage:org"}}`:                                                          {"forbidden", `{"missingScope":"manage:org"}`},
		`{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"409","scimType":"uniqueness","detail":"exists"}`: {"uniqueness", "exists"},
		`{"error":"no key","traceId":"1"}`:                                                                                     {"", "no key"},
		`{"type":"error","error":{"message":"m","detail":"d"}}`:                                                                {"", "m"},
		`{"errors":[{"context":"name","message":"taken","exceptionName":"com.atlassian.X"}]}`:                                  {"", "taken"},
		`[]`: {"", ""}, `{"errors":7,"context":[],"error":null}`: {"", ""}, ``: {"", ""},
	} {
		r := &httpx.Refusal{Status: 409, Header: http.Header{}, Body: []byte(body), Reason: sdk.ReasonConflict}
		if Decode(r); r.Code != want[0] || r.Message != want[1] {
			t.Errorf("%s: %q, %q", body, r.Code, r.Message)
		}
	}
}

func TestLicenceIsAQuota(t *testing.T) {
	for _, code := range []string{"ADMIN-409-3", "ADMIN-UAM-409-3"} {
		body, _ := json.Marshal(map[string]any{"errors": []map[string]string{{"code": code}}})
		r := &httpx.Refusal{Status: 409, Body: body, Reason: sdk.ReasonConflict}
		if Decode(r); r.Reason != sdk.ReasonQuota {
			t.Errorf("%s: %s", code, r.Reason)
		}
	}
}

func TestStatus(t *testing.T) {
	for want, f := range map[string]*sdk.Failure{
		"409 ADMIN-409-28": {Reason: sdk.ReasonConflict, RemoteCode: "ADMIN-409-28"},
		"400 ADMIN-400-32": {Reason: sdk.ReasonQuota, RemoteCode: "ADMIN-400-32"},
		"404":              {Reason: sdk.ReasonNotFound},
		"":                 {Reason: sdk.ReasonUnavailable},
	} {
		if got := Status(f); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if Status(nil) != "" || Code(nil) != "" {
		t.Error("no error has a status")
	}
}

func TestIdentifiers(t *testing.T) {
	const id = "276f955c-63d7-42c8-9520-92d01dca0625"
	var u User
	if err := json.Unmarshal([]byte(`{"groups":[{"id":"ari:cloud:identity::group/`+id+`","name":"a"},{"id":"b","name":"b"}]}`), &u); err != nil {
		t.Fatal(err)
	}
	if !u.In(id) || !u.In("b") || GroupID(id) != id {
		t.Errorf("%+v", u)
	}
	for resource, want := range map[string]string{
		"ari:cloud:jira-software::site/1": "jira-software", "ari:cloud:identity::group/1": "", "jira": "", "ari:cloud:x": "",
	} {
		if got := Product(resource); got != want {
			t.Errorf("%s: %q", resource, got)
		}
	}
	if !SameSite("https://Acme.atlassian.net/", "https://acme.atlassian.net") || SameSite("https://a.example", "https://b.example") || SameSite("", "") {
		t.Error("sites are told apart by host")
	}
}
