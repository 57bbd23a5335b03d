package okta

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"syncgateway/sdk"
	"syncgateway/sdk/schema"
)

// settings is the body of a source "okta" block.
type settings struct {
	OrgURL               string   `json:"org_url"`
	APIToken             string   `json:"api_token"`
	OAuth                *oauth   `json:"oauth"`
	AppID                string   `json:"app_id"`
	IncludeDeprovisioned bool     `json:"include_deprovisioned"`
	Staged               string   `json:"staged"`
	GroupTypes           []string `json:"group_types"`
	Logs                 bool     `json:"logs"`
	RateShare            float64  `json:"rate_share"`
	Concurrency          int      `json:"concurrency"`
	MemberPage           int      `json:"member_page"`
}

// oauth is an OAuth service app.
type oauth struct {
	ClientID   string   `json:"client_id"`
	PrivateKey string   `json:"private_key"`
	KeyID      string   `json:"key_id"`
	Scopes     []string `json:"scopes"`
	DPoP       string   `json:"dpop"`
}

// The values of the settings that are words.
const (
	stagedSkip     = "skip"
	stagedInactive = "inactive"
	dpopAuto       = "auto"
	dpopRefuse     = "refuse"
	oktaGroup      = "OKTA_GROUP"
	appGroup       = "APP_GROUP"
	builtInGroup   = "BUILT_IN"
)

func defaults() settings {
	return settings{IncludeDeprovisioned: true, Staged: stagedSkip, GroupTypes: []string{oktaGroup, appGroup}, Logs: true,
		RateShare: 0.5, Concurrency: 6, MemberPage: 200}
}

var configSchema = schema.Of(
	schema.String("org_url").Required().Pattern(`https?://.+`).Example("https://example.okta.com").
		Doc("Address of the org, as users see it: not the one of the admin console, which has -admin in its name."),
	schema.Secret("api_token").
		Doc("API token (SSWS). It has the rights of the administrator who made it. Give either this or an oauth block."),
	schema.String("app_id").Example("0oa1gjh63g214q0Hq0g4").
		Doc("Reads only the people and groups that are assigned to this app."),
	schema.Bool("include_deprovisioned").Default(true).
		Doc("Reads deactivated people too, as inactive ones. Otherwise they count as gone."),
	schema.String("staged").Default(stagedSkip).OneOf(stagedSkip, stagedInactive).
		Doc("What becomes of people who were never activated: left out, or read as inactive."),
	schema.StringList("group_types").Default([]string{oktaGroup, appGroup}).OneOf(oktaGroup, appGroup, builtInGroup).
		Doc("Which types of group are read. APP_GROUP comes from a directory or an app, BUILT_IN is Everyone."),
	schema.Bool("logs").Default(true).
		Doc("Reads the System Log, which alone tells between full reads of people and groups that were deleted."),
	schema.Float("rate_share").Default(0.5).Min(0.1).Max(1).
		Doc("Part of each of Okta's rate limits that is used. The rest stays free for others."),
	schema.Int("concurrency").Default(6).Min(1).Max(30).
		Doc("How many groups have their members read at a time. Okta allows 35 to 75 requests at a time for the whole org."),
	schema.Int("member_page").Default(200).Min(1).Max(1000).
		Doc("Members of a group asked for at a time. Okta advises 200; 1000 makes fewer requests and slower answers."),
	schema.Block("oauth",
		schema.String("client_id").Required().Example("0oa1gjh63g214q0Hq0g4").Doc("Client id of an app of type API Services."),
		schema.Secret("private_key").Required().Doc("Private key, RSA or EC, as PEM or JWK. Its public part is registered in the app."),
		schema.String("key_id").Doc("The kid under which the public key is registered. A JWK may hold it itself."),
		schema.StringList("scopes").Doc("Scopes to ask for. By default the ones that these settings need."),
		schema.String("dpop").Default(dpopAuto).OneOf(dpopAuto, dpopRefuse).
			Doc("auto binds tokens to a key (DPoP) where the app demands it; refuse fails then."),
	).Doc("Signs in as an OAuth service app (private_key_jwt) instead of with an API token."),
)

// UnmarshalJSON fills in the defaults of what is not there.
func (s *settings) UnmarshalJSON(data []byte) error {
	type plain settings
	p := plain(defaults())
	if err := json.Unmarshal(data, &p); err != nil {
		return err
	}
	*s = settings(p)
	return nil
}

// validate returns the org's address without a slash at the end.
func (s *settings) validate() (string, error) {
	org, err := orgURL(s.OrgURL)
	if err != nil {
		err = sdk.At("org_url").Code("okta.org_url").Errorf("%s", err)
	}
	return org, errors.Join(err, s.oneCredential(), s.bounds())
}

// sentence is an error in the words of a message to a person.
type sentence string

func (s sentence) Error() string { return string(s) }

func orgURL(text string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	switch {
	case err != nil || u.Host == "":
		return "", sentence("Not an address\nWrite it as https://example.okta.com.")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return "", sentence("Only scheme and host belong here\nWrite it as https://example.okta.com.")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return "", sentence("Must start with https://\nThe credential would be sent in the clear. http:// is for tests on loopback only.")
	case strings.Contains(u.Hostname(), "-admin.okta"):
		return "", sentence("This is the address of the admin console\nThe API is at https://" + strings.Replace(u.Host, "-admin.okta", ".okta", 1) + ".")
	}
	return u.Scheme + "://" + u.Host, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (s *settings) oneCredential() error {
	switch {
	case s.APIToken == "" && s.OAuth == nil:
		return sdk.At("").Code("okta.credential").Errorf("No credential\nGive either api_token, with env() or file(), or an oauth block.")
	case s.APIToken != "" && s.OAuth != nil:
		return sdk.At("oauth").Code("okta.credential").Errorf("Two credentials\nGive either api_token or an oauth block, not both.")
	case s.APIToken != "" && strings.ContainsAny(s.APIToken, " \t\r\n"):
		return sdk.At("api_token").Code("okta.credential").Errorf("Not a token\nIt must not hold spaces or line ends, nor the word SSWS.")
	}
	return nil
}

// bounds holds values against what the schema says, for hosts that do not.
func (s *settings) bounds() error {
	var errs []error
	bad := func(wrong bool, name, format string, args ...any) {
		if wrong {
			errs = append(errs, sdk.At(name).Code("okta.value").Errorf(format, args...))
		}
	}
	bad(s.Staged != stagedSkip && s.Staged != stagedInactive, "staged", "May be %s or %s", stagedSkip, stagedInactive)
	bad(s.RateShare < 0.1 || s.RateShare > 1, "rate_share", "Must be from 0.1 to 1")
	bad(s.Concurrency < 1 || s.Concurrency > 30, "concurrency", "Must be from 1 to 30")
	bad(s.MemberPage < 1 || s.MemberPage > 1000, "member_page", "Must be from 1 to 1000")
	bad(s.AppID != "" && !isID(s.AppID), "app_id", "Not the id of an app\nIt stands in the address of the app's page.")
	bad(len(s.GroupTypes) == 0, "group_types", "Must name a type\nThe types are %s, %s and %s.", oktaGroup, appGroup, builtInGroup)
	for i, t := range s.GroupTypes {
		bad(!slices.Contains([]string{oktaGroup, appGroup, builtInGroup}, t), fmt.Sprintf("group_types[%d]", i), "Not a type of group: %q", t)
	}
	return errors.Join(errs...)
}

// scopes are the OAuth scopes that the settings need.
func (s *settings) scopes() []string {
	need := []string{scopeUsers, scopeGroups}
	if s.AppID != "" {
		need = append(need, scopeApps)
	}
	if s.Logs {
		need = append(need, scopeLogs)
	}
	return need
}

// scope tells whether a delta cursor belongs to these settings and attributes: what
// was read with others cannot be brought up to date.
func (s *settings) scope(attributes []string) string {
	names := slices.Sorted(slices.Values(attributes))
	data, _ := json.Marshal([]any{strings.TrimRight(s.OrgURL, "/"), s.AppID, s.IncludeDeprovisioned, s.Staged, s.GroupTypes, s.Logs, names})
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}
