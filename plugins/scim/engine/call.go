package engine

import (
	"context"
	"net/http"
	"strings"

	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
)

// call is one request, or one operation of a bulk request, on its way through.
type call struct {
	engine    *Engine
	ctx       context.Context
	face      *face
	method    string
	path      []string // segments behind the version
	query     query
	selection selection
	lenient   bool // of a client whose replace may create
	ifMatch   string
	ifNone    string
	body      []byte
}

// reply is the answer to a call.
type reply struct {
	status   int
	body     []byte
	location string
	version  string // with quotes
	allow    string
}

func (c *call) conditional() bool { return c.ifMatch != "" || c.ifNone != "" }

// precondition looks at If-Match and If-None-Match for a change of what is at a version. A
// change of a user does not depend on the user's groups.
func (c *call) precondition(version string) error {
	if c.ifMatch != "" && !listsTag(c.ifMatch, version, true) {
		return refuse(http.StatusPreconditionFailed, "The resource is at another version than If-Match says; read it again.")
	}
	if c.ifNone != "" && listsTag(c.ifNone, version, true) {
		return refuse(http.StatusPreconditionFailed, "The resource is at a version that If-None-Match excludes.")
	}
	return nil
}

// listsTag reports whether a list of entity tags has the version, compared weakly. Tags
// without quotes are taken. entry means that only the version of the entry counts.
func listsTag(list, version string, entry bool) bool {
	for tag := range strings.SplitSeq(list, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" {
			return true
		}
		tag = strings.Trim(strings.TrimPrefix(strings.TrimPrefix(tag, "W/"), "w/"), `"`)
		if entry {
			tag = entryVersion(tag)
		}
		if tag == version {
			return true
		}
	}
	return false
}

// entryVersion is the version of the entry in that of a resource.
func entryVersion(version string) string {
	version, _, _ = strings.Cut(version, ".")
	return version
}

// single is the answer with one resource.
func (c *call) single(status int, r *resource, p *projection) (*reply, error) {
	body, err := c.show(r, p)
	if err != nil {
		return nil, err
	}
	out := c.noContent(r)
	out.status, out.body = status, body
	return out, nil
}

// noContent is the answer of a change that shows nothing but the new version.
func (c *call) noContent(r *resource) *reply {
	return &reply{status: http.StatusNoContent, location: c.face.location(r.t, r.entry.ID()), version: r.etag()}
}

// object reads the body as a JSON object.
func (c *call) object() (value.Object, error) {
	if len(c.body) == 0 {
		return nil, bad(invalidSyntax, "The request needs a body.")
	}
	v, err := value.Parse(c.body, maxDepth)
	if err != nil {
		return nil, err
	}
	o, ok := v.(value.Object)
	if !ok {
		return nil, bad(invalidSyntax, "The request body must be a JSON object, not %s.", value.Kind(v))
	}
	return o, nil
}

// get is GET of one resource.
func (c *call) get(t *schema.ResourceType, id string) (*reply, error) {
	if s, ok := c.recall(t, schema.Key{Attribute: schema.KeyID, Value: id}); ok {
		return c.got(t, id, s.Version, func() ([]byte, error) { return s.Body, nil })
	}
	p := project(t, c.selection)
	r, err := c.read(t, id, p)
	if err != nil {
		return nil, err
	}
	return c.got(t, id, r.version(), func() ([]byte, error) { return c.show(r, p) })
}

// got answers a GET of a resource that is at a version.
func (c *call) got(t *schema.ResourceType, id, version string, body func() ([]byte, error)) (out *reply, err error) {
	if c.ifMatch != "" && !listsTag(c.ifMatch, entryVersion(version), true) {
		return nil, refuse(http.StatusPreconditionFailed, "The resource is at another version than If-Match says.")
	}
	out = &reply{status: http.StatusOK, location: c.face.location(t, id), version: etag(version)}
	if c.ifNone != "" && listsTag(c.ifNone, version, false) {
		out.status = http.StatusNotModified
		return out, nil
	}
	out.body, err = body()
	return out, err
}

// message is a reply with a message of the protocol.
func message(status int, o value.Object) *reply {
	return &reply{status: status, body: value.Append(nil, o)}
}
