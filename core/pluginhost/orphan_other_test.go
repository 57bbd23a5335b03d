//go:build !linux

package pluginhost

// hostUntilKilled is for a test that needs Linux.
func hostUntilKilled() {}
