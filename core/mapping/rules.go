package mapping

// Rules are the compiled rules of one sync. They are safe for concurrent use.
//
//	JoinKey(u, groups, source) (string, error)                how the same person is recognised across sources
//	MapUser(u, groups, source, trace) (Account, error)        what a person's account is to be
//	MapGroup(g, source, trace) (names []string, error)        the target groups of a source group; none: not in
//	Managed() []string                                        fields and "attributes.NAME" that users.map sets
//	Reads() []string                                          "user.email", "user.groups", "user.attributes.x", …
//	ReadsGroups() bool                                        whether MapUser or JoinKey needs the groups
//
// An error is a *RecordError and concerns that record alone.
type Rules struct{}
