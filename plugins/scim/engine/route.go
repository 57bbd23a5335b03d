package engine

import (
	"net/http"
	"slices"
	"strings"

	"syncgateway/plugins/scim/engine/schema"
)

// action answers a call.
type action func(*call) (*reply, error)

// actions are what an endpoint does, by method.
type actions map[string]action

func noEndpoint() *Error { return refuse(http.StatusNotFound, "There is no such endpoint.") }

// allow lists the methods of an endpoint, for the Allow header.
func (a actions) allow() string {
	list := []string{http.MethodOptions}
	for method := range a {
		list = append(list, method)
		if method == http.MethodGet {
			list = append(list, http.MethodHead)
		}
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// serve finds what the path names and does it.
func (c *call) serve() (*reply, error) {
	if len(c.path) > 0 && c.path[0] == "Me" {
		return nil, refuse(http.StatusNotImplemented, "/Me is not served: a bearer token stands for a service, not for a user.")
	}
	found := c.endpoint()
	if found == nil {
		return nil, noEndpoint()
	}
	method := c.method
	switch method {
	case http.MethodHead:
		method = http.MethodGet
	case http.MethodOptions:
		return &reply{status: http.StatusNoContent, allow: found.allow()}, nil
	}
	do := found[method]
	if do == nil {
		return nil, &Error{Status: http.StatusMethodNotAllowed, Detail: "This endpoint does not have this method.", Allow: found.allow()}
	}
	return do(c)
}

func (c *call) endpoint() actions {
	if len(c.path) == 0 {
		if c.face.v1 {
			return nil
		}
		return actions{http.MethodGet: func(c *call) (*reply, error) { return c.list(c.engine.types) }}
	}
	first := c.path[0]
	if t := c.engine.typeAt(first); t != nil {
		return c.resourceEndpoint(t)
	}
	if c.describes() && len(c.path) <= 2 {
		return actions{http.MethodGet: func(c *call) (*reply, error) { return c.discovery(first) }}
	}
	switch first {
	case "Bulk":
		if len(c.path) == 1 {
			return actions{http.MethodPost: (*call).bulk}
		}
	case ".search":
		if len(c.path) == 1 && !c.face.v1 {
			return actions{http.MethodPost: c.searchOver(c.engine.types)}
		}
	}
	return nil
}

func (c *call) resourceEndpoint(t *schema.ResourceType) actions {
	switch {
	case len(c.path) == 1:
		return actions{
			http.MethodGet:  func(c *call) (*reply, error) { return c.list([]*schema.ResourceType{t}) },
			http.MethodPost: withBody(func(c *call, o body) (*reply, error) { return c.create(t, c.engine.NewID(), o) }),
		}
	case len(c.path) > 2:
		return nil
	case c.path[1] == ".search" && !c.face.v1:
		return actions{http.MethodPost: c.searchOver([]*schema.ResourceType{t})}
	}
	id := c.path[1]
	return actions{
		http.MethodGet:    func(c *call) (*reply, error) { return c.get(t, id) },
		http.MethodPut:    withBody(func(c *call, o body) (*reply, error) { return c.replace(t, id, o) }),
		http.MethodPatch:  withBody(func(c *call, o body) (*reply, error) { return c.modify(t, id, o) }),
		http.MethodDelete: func(c *call) (*reply, error) { return c.remove(t, id) },
	}
}

// searchOver is POST .search over some types.
func (c *call) searchOver(types []*schema.ResourceType) action {
	return withBody(func(c *call, o body) (*reply, error) {
		if err := c.readSearch(o); err != nil {
			return nil, err
		}
		return c.list(types)
	})
}

// withBody reads the body before it acts.
func withBody(do func(*call, body) (*reply, error)) action {
	return func(c *call) (*reply, error) {
		o, err := c.object()
		if err != nil {
			return nil, err
		}
		return do(c, o)
	}
}
