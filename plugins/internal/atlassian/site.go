package atlassian

import (
	"context"
	"net/url"
	"strings"

	"syncgateway/sdk/httpx"
)

// Site is a client for the REST API of one site, for what the organisation does not
// tell. It only reads.
type Site struct{ api *httpx.Client }

// NewSite makes a client that signs in with a person's API token.
func NewSite(base, email, token string, options ...httpx.Option) *Site {
	options = append([]httpx.Option{httpx.Basic(email, token), httpx.Errors(Decode)}, options...)
	return &Site{api: httpx.New(base, options...)}
}

// Err is what is wrong with the settings. It makes no request.
func (s *Site) Err() error { return s.api.Err() }

// Myself is the account that the token belongs to.
type Myself struct {
	AccountID   string `json:"accountId"`
	DisplayName string `json:"displayName"`
}

// Myself asks who the token belongs to.
func (s *Site) Myself(ctx context.Context) (Myself, error) {
	var out Myself
	err := s.api.Get(ctx, "/rest/api/3/myself", nil, &out)
	return out, err
}

// Permissions tells which of the named global permissions the token has.
func (s *Site) Permissions(ctx context.Context, keys ...string) (map[string]bool, error) {
	var out struct {
		Permissions map[string]struct {
			Have bool `json:"havePermission"`
		} `json:"permissions"`
	}
	err := s.api.Get(ctx, "/rest/api/3/mypermissions", url.Values{"permissions": {strings.Join(keys, ",")}}, &out)
	have := map[string]bool{}
	for key, p := range out.Permissions {
		have[key] = p.Have
	}
	return have, err
}

// ApplicationRole is the licence of one product: who is in one of Groups uses a seat.
type ApplicationRole struct {
	Key           string    `json:"key"`
	Name          string    `json:"name"`
	DefaultGroups []SiteRef `json:"defaultGroupsDetails"`
	Groups        []SiteRef `json:"groupDetails"`
	Seats         int       `json:"numberOfSeats"`
	Remaining     int       `json:"remainingSeats"`
	Used          int       `json:"userCount"`
	Unlimited     bool      `json:"hasUnlimitedSeats"`
}

// SiteRef is a group as the site names it.
type SiteRef struct {
	ID   string `json:"groupId"`
	Name string `json:"name"`
}

// ApplicationRoles lists the licences of the site's products.
func (s *Site) ApplicationRoles(ctx context.Context) ([]ApplicationRole, error) {
	var out []ApplicationRole
	err := s.api.Get(ctx, "/rest/api/3/applicationrole", nil, &out)
	return out, err
}

// GroupByName finds the id of a group, "" when the site has none of that name. It may
// know a new group sooner than a search of the organisation.
func (s *Site) GroupByName(ctx context.Context, name string) (string, error) {
	var out struct {
		Values []SiteRef `json:"values"`
	}
	err := s.api.Get(ctx, "/rest/api/3/group/bulk", url.Values{"groupName": {name}}, &out)
	for _, g := range out.Values {
		if strings.EqualFold(g.Name, name) {
			return g.ID, err
		}
	}
	return "", err
}
