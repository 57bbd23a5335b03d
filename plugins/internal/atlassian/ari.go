package atlassian

import (
	"net/url"
	"strings"
)

// groupARI is how searches for users name groups; every other call uses the bare id.
const groupARI = "ari:cloud:identity::group/"

// GroupID is the bare id of a group, given as that or as a resource identifier.
func GroupID(id string) string { return strings.TrimPrefix(id, groupARI) }

// Product is the product in the resource identifier of one on a site:
// "jira-software" of ari:cloud:jira-software::site/62fd…; "" for anything else.
func Product(resource string) string {
	rest, ok := strings.CutPrefix(resource, "ari:cloud:")
	product, place, isSite := strings.Cut(rest, "::")
	if !ok || !isSite || !strings.HasPrefix(place, "site/") {
		return ""
	}
	return product
}

// SameSite reports whether two addresses are of one site: the same host and port.
func SameSite(a, b string) bool {
	x, errX := url.Parse(a)
	y, errY := url.Parse(b)
	return errX == nil && errY == nil && x.Host != "" && strings.EqualFold(x.Host, y.Host)
}
