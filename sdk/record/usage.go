package record

// GroupUse is one place in the remote system that names a group: Place "permission
// scheme", Name "Default", Detail "Browse projects".
type GroupUse struct {
	GroupID string
	Place   string
	Name    string
	Detail  string
}

// GroupUsage is where groups are used. What is in neither list was looked at, and does
// not use them. Unseen is what could not be looked at and why, a sentence each.
type GroupUsage struct {
	Uses   []GroupUse
	Unseen []string
}
