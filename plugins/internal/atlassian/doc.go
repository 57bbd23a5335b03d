// Package atlassian is what connectors for Atlassian Cloud have in common: clients for
// the Organizations API and for a site's REST API, the error bodies of both, and the
// several spellings of a group's id. It knows nothing of operations or of state as the
// gateway sees them: that is each connector's.
package atlassian
