package mapping

import (
	"slices"
	"strings"

	"syncgateway/core/identity"
)

// Record is one person as one source shows them. Groups are the names of the groups
// they are in there, nested ones included where the sync flattens.
type Record struct {
	Source string // "okta.corp"
	User   *identity.User
	Groups []string
}

// Person is one human being put together from the records that share a join key.
type Person struct {
	User   *identity.User
	Groups []string // sorted, each once, from every record
	Source string   // the first record's: what user.source is
	// Origin tells which source each value came from: by field name ("email") or
	// attribute ("attributes.department"), and "active". Nil unless asked for.
	Origin map[string]string
}

// Merge puts records, in order of precedence, together into one person: per field and
// attribute the first record with a non-empty value wins; the id is the first
// record's. A person is active when any record is: leaving means leaving everywhere.
// A single record is returned as it is, without a copy. Merge keeps no reference to
// the slice; origin asks for Person.Origin. It panics when records is empty.
func Merge(records []Record, origin bool) Person {
	first := records[0]
	if len(records) == 1 && !origin {
		return Person{User: first.User, Groups: first.Groups, Source: first.Source}
	}
	p := Person{User: &identity.User{ID: first.User.ID, Kind: first.User.Kind}, Source: first.Source}
	if len(records) == 1 {
		p.User.Version = first.User.Version
	}
	if origin {
		p.Origin = map[string]string{}
	}
	for _, r := range records {
		p.take(r)
	}
	slices.SortFunc(p.User.Attributes, func(a, b identity.Attribute) int { return strings.Compare(a.Name, b.Name) })
	if len(records) == 1 {
		p.Groups = first.Groups
		return p
	}
	for _, r := range records {
		p.Groups = append(p.Groups, r.Groups...)
	}
	slices.Sort(p.Groups)
	p.Groups = slices.Compact(p.Groups)
	return p
}

// take adds what r has and the person still lacks.
func (p *Person) take(r Record) {
	fields := [...]struct {
		name     string
		to, from *string
	}{
		{FieldUsername, &p.User.Username, &r.User.Username},
		{FieldEmail, &p.User.Email, &r.User.Email},
		{FieldDisplayName, &p.User.DisplayName, &r.User.DisplayName},
		{FieldGivenName, &p.User.GivenName, &r.User.GivenName},
		{FieldFamilyName, &p.User.FamilyName, &r.User.FamilyName},
		{"external_id", &p.User.ExternalID, &r.User.ExternalID},
	}
	for _, f := range fields {
		if *f.to == "" && *f.from != "" {
			*f.to = *f.from
			p.note(f.name, r.Source)
		}
	}
	if r.User.Active && !p.User.Active {
		p.User.Active = true
		p.note("active", r.Source)
	}
	for _, a := range r.User.Attributes {
		if hasValue(a.Values) && !slices.ContainsFunc(p.User.Attributes, func(b identity.Attribute) bool { return a.Name == b.Name }) {
			p.User.Attributes = append(p.User.Attributes, a)
			p.note("attributes."+a.Name, r.Source)
		}
	}
}

func (p *Person) note(field, source string) {
	if p.Origin != nil {
		p.Origin[field] = source
	}
}

func hasValue(values []string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return v != "" })
}
