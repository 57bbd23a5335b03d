// Package mapping says what a person and a group of the sources are to become in a
// target. Its rules are the expressions of gateway.hcl, compiled once from their
// syntax tree into closures; hcl's own evaluation stays the reference, and what lies
// outside the compiled subset is left to it. It is pure: it reads records and returns
// wishes. It does not know what a target holds, and it does not read configuration
// files.
//
// # What an expression sees
//
// user: id, username, email, display_name, given_name, family_name, external_id (text,
// "" when the source has none), active (bool), groups (list of names), source
// ("okta.corp"), attributes.NAME. Any other user.NAME means user.attributes.NAME.
// group: id, name, description, source, attributes.NAME.
//
// An attribute with one value is text, with several a list, absent it is null. A null
// passes through text functions (lower(null) is null), coalesce skips null and "", a
// list function takes null for an empty list and a single text for a list of one. A
// null in a template is an error for that record, as in hcl: write coalesce(x, "").
package mapping
