package atlassian

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"syncgateway/sdk"
	"syncgateway/sdk/httpx"
)

// Codes of the Organizations API that callers branch on.
const (
	CodeDefaultGroup  = "ADMIN-403-6" // a group that comes with a product cannot be deleted
	CodeAdminGroup    = "ADMIN-403-7" // nor one that makes administrators
	CodeOrgNotFound   = "ADMIN-404-2"
	CodeUserNotFound  = "ADMIN-404-8"
	CodeGroupNotFound = "ADMIN-404-10"
	CodeGroupNotEmpty = "ADMIN-409-5"
)

// licenceCodes say that there are no seats left.
var licenceCodes = []string{"ADMIN-409-3", "ADMIN-UAM-409-3", "ADMIN-400-32"}

// body has the fields of every error shape that Atlassian's cloud APIs send. A name
// that has two meanings is kept raw.
type body struct {
	Errors        json.RawMessage `json:"errors"` // organisation, Confluence v2: a list; Jira: an object
	ErrorMessages []string        `json:"errorMessages"`
	ErrorMessage  string          `json:"errorMessage"` // service management
	Message       string          `json:"message"`      // gateway, Confluence v1
	Detail        string          `json:"detail"`       // provisioning
	ScimType      string          `json:"scimType"`
	Key           string          `json:"key"` // user management
	Context       json.RawMessage `json:"context"`
	Error         json.RawMessage `json:"error"` // Bitbucket: an object; provisioning: a string
}

type listed struct {
	Code    string `json:"code"`
	Title   string `json:"title"`
	Detail  string `json:"detail"`
	Message string `json:"message"`
}

// Decode reads the error bodies of Atlassian's cloud APIs. A refusal for want of a
// licence gets ReasonQuota, whatever its status.
func Decode(r *httpx.Refusal) {
	var b body
	if !r.JSON(&b) {
		return
	}
	var list []listed
	var fields map[string]string
	switch {
	case json.Unmarshal(b.Errors, &list) == nil && len(list) > 0:
		first := list[0]
		r.Code, r.Message = first.Code, firstOf(first.Detail, first.Message, first.Title)
	case b.Key != "":
		r.Code, r.Message = b.Key, b.management()
	default:
		_ = json.Unmarshal(b.Errors, &fields)
		texts := slices.Clone(b.ErrorMessages)
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			texts = append(texts, name+": "+fields[name])
		}
		r.Code = b.ScimType
		r.Message = firstOf(strings.Join(texts, "; "), b.ErrorMessage, b.Message, b.Detail, b.inner())
	}
	if slices.Contains(licenceCodes, r.Code) {
		r.Reason = sdk.ReasonQuota
	}
}

// management words a refusal of the user management API: the reason it gives, the
// fields it refuses, or else the context as it is, which may name a missing scope.
func (b *body) management() string {
	var c struct {
		Reason struct {
			Key string `json:"key"`
		} `json:"reason"`
		FieldViolations []struct {
			Field string `json:"field"`
		} `json:"fieldViolations"`
	}
	_ = json.Unmarshal(b.Context, &c)
	text := c.Reason.Key
	for _, v := range c.FieldViolations {
		text = strings.TrimPrefix(text+", "+v.Field, ", ")
	}
	return firstOf(text, b.Message, string(b.Context))
}

func (b *body) inner() string {
	var text string
	var object listed
	if json.Unmarshal(b.Error, &text) == nil {
		return text
	}
	_ = json.Unmarshal(b.Error, &object)
	return firstOf(object.Message, object.Detail)
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// Code is what the API called the error, "" when it did not say.
func Code(err error) string {
	if err == nil {
		return ""
	}
	return sdk.AsFailure(err).RemoteCode
}

// statuses are those of the refusals that bodies without a code come with.
var statuses = map[sdk.Reason]string{
	sdk.ReasonAuthentication: "401", sdk.ReasonPermission: "403", sdk.ReasonNotFound: "404", sdk.ReasonConflict: "409",
	sdk.ReasonRateLimited: "429", sdk.ReasonInvalid: "400", sdk.ReasonQuota: "409",
}

// Status is what was answered, for the record: "409 ADMIN-409-28". It is "" when there
// was no answer.
func Status(err error) string {
	if err == nil {
		return ""
	}
	f := sdk.AsFailure(err)
	status := statuses[f.Reason]
	for part := range strings.SplitSeq(f.RemoteCode, "-") {
		if len(part) == 3 && part >= "400" && part <= "599" {
			status = part
		}
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s", status, f.RemoteCode))
}
