package main

import (
	"context"
	"net/url"

	"syncgateway/sdk"
)

// Lookup finds one person, or one team. The gateway asks for everybody who vanished
// from a listing before it takes anything from them; a 404 becomes NotFound by itself.
func (c *connector) Lookup(ctx context.Context, by sdk.LookupRequest) (sdk.Found, error) {
	if by.GroupID != "" {
		var t team
		err := c.api.Get(ctx, "/teams/"+url.PathEscape(by.GroupID), nil, &t)
		return sdk.Found{Groups: []sdk.Group{{ID: t.ID, Name: t.Name}}}, err
	}
	var p struct {
		person
		Teams []team
	}
	path, search := "/people/"+url.PathEscape(by.ID), url.Values(nil)
	if by.ID == "" {
		path, search = "/person", url.Values{"login": {by.Username}, "mail": {by.Email}}
	}
	err := c.api.Get(ctx, path, search, &p)
	user := p.user()
	found := sdk.Found{User: &user}
	for _, t := range p.Teams {
		found.Groups = append(found.Groups, sdk.Group{ID: t.ID, Name: t.Name})
	}
	return found, err
}
