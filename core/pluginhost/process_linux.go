package pluginhost

import "syscall"

// processAttributes make a plugin die with the host, however that ends, and keep the
// terminal's signals from it: the host ends plugins in its own order.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
