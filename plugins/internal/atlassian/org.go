package atlassian

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"syncgateway/sdk"
	"syncgateway/sdk/httpx"
)

// Org is a client for one organisation and, in the calls about users and groups, one
// of its directories. Its errors are Failures with the codes of the API.
type Org struct {
	api       *httpx.Client
	id        string
	directory string
}

// NewOrg makes a client. base is the address without /admin; key is an organisation API
// key. What is wrong with the settings is the error of Err.
func NewOrg(base, id, key string, options ...httpx.Option) *Org {
	base = strings.TrimSuffix(strings.TrimSuffix(base, "/"), "/admin")
	options = append([]httpx.Option{httpx.Bearer(key), httpx.Errors(Decode)}, options...)
	return &Org{api: httpx.New(base, options...), id: id}
}

// Err is what is wrong with the settings. It makes no request.
func (o *Org) Err() error { return o.api.Err() }

// In is the same client for a directory.
func (o *Org) In(directory string) *Org {
	other := *o
	other.directory = directory
	return &other
}

func (o *Org) path(parts ...string) string {
	return below("/admin/v2/orgs/"+url.PathEscape(o.id), parts)
}

// dir is a path in the directory.
func (o *Org) dir(parts ...string) string {
	return below(o.path("directories", o.directory), parts)
}

func below(path string, parts []string) string {
	for _, part := range parts {
		path += "/" + url.PathEscape(part)
	}
	return path
}

// change makes a request that may be repeated, since a repetition finds things as the
// first left them. It returns the status of the answer.
func (o *Org) change(ctx context.Context, method, path string, body any) (status string, err error) {
	resp, err := o.api.Do(ctx, httpx.Request{Method: method, Path: path, Body: body, Repeatable: true})
	if err != nil {
		return Status(err), err
	}
	return strconv.Itoa(resp.Status), nil
}

// Directory is one directory of users and groups.
type Directory struct {
	ID   string `json:"directoryId"`
	Name string `json:"name"`
}

// Directories lists the organisation's directories.
func (o *Org) Directories(ctx context.Context) ([]Directory, error) {
	var all []Directory
	pages := httpx.Cursors(ctx, o.api, o.path("directories"), url.Values{"limit": {"100"}}, "cursor",
		func(p *page[Directory]) string { return p.Links.Next })
	for p, err := range pages {
		if err == nil {
			err = p.check()
		}
		if err != nil {
			return nil, err
		}
		all = append(all, *p.Data...)
	}
	return all, nil
}

// Workspace is one product on one site. ID is the resource that roles are given for.
type Workspace struct {
	ID         string `json:"id"`
	Attributes struct {
		HostURL string `json:"hostUrl"`
		Name    string `json:"name"`
		Type    string `json:"type"`
	} `json:"attributes"`
}

// Workspaces lists the products of the organisation.
func (o *Org) Workspaces(ctx context.Context) ([]Workspace, error) {
	return collect(listing[Workspace](ctx, o.api, o.path("workspaces"), func(cursor string) any {
		if cursor != "" {
			return map[string]string{"cursor": cursor} // nothing else may be given with one
		}
		return map[string]int{"limit": 100}
	}))
}

// MayManage asks which changes to an account the key allows. A key with scopes is
// refused, which is how it shows before the first write.
func (o *Org) MayManage(ctx context.Context, accountID string) error {
	return o.api.Get(ctx, below("/users", []string{accountID, "manage"}), nil, nil)
}

// Profile is what may be written of the profile of an account that the organisation
// manages. Empty fields stay as they are.
type Profile struct {
	Name     string   `json:"name,omitempty"`
	Nickname string   `json:"nickname,omitempty"`
	Extended Extended `json:"extended_profile,omitzero"`
}

// Extended is the part of a profile about work.
type Extended struct {
	JobTitle     string `json:"job_title,omitempty"`
	Department   string `json:"department,omitempty"`
	Organization string `json:"organization,omitempty"`
	Location     string `json:"location,omitempty"`
}

// SetProfile writes to the profile of a managed account.
func (o *Org) SetProfile(ctx context.Context, accountID string, p Profile) error {
	_, err := o.change(ctx, http.MethodPatch, below("/users", []string{accountID, "manage", "profile"}), p)
	return err
}

func noListing() error {
	return sdk.Unavailable("the answer of the organisation is no listing: it has no data")
}
