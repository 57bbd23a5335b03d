package pluginhost

import (
	"os"
	"slices"
)

// passed are the variables every plugin gets. Secrets are not among them: they travel
// through Configure alone. What a plugin needs beyond is named in the configuration.
var passed = []string{
	"PATH", "TZ", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
	"SYNC_GATEWAY_PROFILE", // where a plugin writes profiles of itself
}

// environment is what a plugin of the type gets of the host's environment.
func environment(more []string) []string {
	var env []string
	for _, name := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(passed, more)))) {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
