//go:build race

package e2e

// Under the race detector the binaries are built with it too.
var buildFlags = []string{"-race"}
