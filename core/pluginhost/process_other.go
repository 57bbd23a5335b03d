//go:build !linux

package pluginhost

import "syscall"

// processAttributes keep the terminal's signals from a plugin. That it dies with the
// host is up to the SDK here, which watches its parent.
func processAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
