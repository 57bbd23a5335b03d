//go:build !linux

package wire_test

// hostUntilKilled is for a test that needs Linux.
func hostUntilKilled() {}
