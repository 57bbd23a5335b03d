package engine

import (
	"strconv"
	"time"

	"syncgateway/plugins/scim/engine/kept"
	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
	"syncgateway/sdk/record"
)

// maxDepth is how deep JSON may nest. Nothing in SCIM needs more than six levels.
const maxDepth = 32

// resource is an entry with what belongs to it but is kept as memberships: the groups of
// a user, the members of a group, where they were asked for.
type resource struct {
	t        *schema.ResourceType
	entry    record.Entry
	relation []any
	moment   kept.Moment
}

// document reads what an entry keeps of its resource.
func document(e *record.Entry) (value.Object, error) {
	v, err := value.Parse(e.Document, maxDepth)
	if err != nil {
		return nil, errDocument
	}
	doc, ok := v.(value.Object)
	if !ok {
		return nil, errDocument
	}
	return doc, nil
}

var errDocument = refuse(500, "What is stored of the resource cannot be read.")

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// version is what the resource is at: the version of its entry, and of a user in groups, that
// are shown, a digest of them behind a dot. So what was read with other groups is not held to
// be current, although their coming and going is no change of the user (RFC 7643 section
// 4.1.2).
func (r *resource) version() string {
	if r.t.Kind != "user" || len(r.relation) == 0 {
		return r.entry.Version
	}
	var all uint64 // in no order
	for _, e := range r.relation {
		o, sum := e.(value.Object), fnvBasis
		for _, name := range []string{"value", "display", "type"} {
			sum = hashed(sum, text(o, name))
		}
		all ^= sum
	}
	return r.entry.Version + "." + strconv.FormatUint(all, 36)
}

const fnvBasis = uint64(14695981039346656037)

// hashed goes on with a hash (FNV-1a of 64 bits) by a text and its end.
func hashed(sum uint64, s string) uint64 {
	for i := range len(s) {
		sum = (sum ^ uint64(s[i])) * 1099511628211
	}
	return sum * 1099511628211
}

func (r *resource) etag() string { return etag(r.version()) }

func etag(version string) string { return `W/"` + version + `"` }

// full is the resource with everything that could be shown, in the words of SCIM 2.0.
// Filters, sorting and projection work on it.
func (r *resource) full(f *face) (value.Object, error) {
	doc, err := document(&r.entry)
	if err != nil {
		return nil, err
	}
	id := r.entry.ID()
	uris := []any{r.t.Core.ID}
	for _, x := range r.t.Extensions {
		if doc.Get(x.Schema.ID) != nil {
			uris = append(uris, x.Schema.ID)
		}
	}
	out := make(value.Object, 0, len(doc)+4)
	out = append(out, value.Member{Name: "schemas", Value: uris}, value.Member{Name: "id", Value: id})
	out = append(out, doc...)
	if len(r.relation) > 0 {
		out = append(out, value.Member{Name: relationOf(r.t).Name, Value: r.relation})
	}
	return append(out, value.Member{Name: "meta", Value: value.Object{
		{Name: "resourceType", Value: r.t.Name}, {Name: "created", Value: instant(r.entry.Created)},
		{Name: "lastModified", Value: instant(r.entry.Modified)}, {Name: "location", Value: f.location(r.t, id)},
		{Name: "version", Value: r.etag()}}}), nil
}

// relationOf is the attribute of the type that is made of memberships.
func relationOf(t *schema.ResourceType) *schema.Attribute {
	for _, a := range t.Core.Attributes {
		if a.Relation {
			return a
		}
	}
	return nil
}

// groupsOf makes the groups attribute of a user from the directory's memberships.
func (e *Engine) groupsOf(f *face, id string, all []record.DirectoryMembership) []any {
	var out []any
	for _, m := range all {
		if m.MemberID != id {
			continue
		}
		kind := "direct"
		if m.Indirect {
			kind = "indirect"
		}
		out = append(out, value.Object{{Name: "value", Value: m.GroupID}, {Name: "$ref", Value: f.location(e.group(), m.GroupID)},
			{Name: "display", Value: m.GroupName}, {Name: "type", Value: kind}})
	}
	return out
}

// entryOf makes the entry of a finished document.
func entryOf(t *schema.ResourceType, id string, doc value.Object) *record.Entry {
	entry := &record.Entry{Document: value.Append(nil, doc)}
	if t.Kind == "group" {
		entry.Group = groupRecord(t, id, doc)
	} else {
		entry.User = userRecord(t, id, doc)
	}
	for _, k := range t.Keys(doc) {
		entry.Keys = append(entry.Keys, record.IndexKey{Attribute: k.Attribute, Value: k.Value, Unique: k.Unique})
	}
	return entry
}
