package glob

import "testing"

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		pattern, path string
		want          bool
	}{
		{"/api/v1/users", "/api/v1/users", true},
		{"/api/v1/users", "/api/v1/users/00u1", false},
		{"/api/v1/users/*", "/api/v1/users/00u1", true},
		{"/api/v1/users/*", "/api/v1/users/00u1/groups", false},
		{"/api/**", "/api/v1/users", true},
		{"/api/**", "/api", true},
		{"/**/users/*", "/api/v1/users/00u1", true},
		{"/**/users/search", "/admin/v2/orgs/o/directories/-/users/search", true},
		{"/*/users", "/api/v1/users", false},
		{"**", "/anything/at/all", true},
	} {
		if got := Match(test.pattern, test.path); got != test.want {
			t.Errorf("Match(%q, %q) = %v", test.pattern, test.path, got)
		}
	}
}
