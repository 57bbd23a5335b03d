package e2e

import (
	"bufio"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// serve starts the daemon and returns when it answers; stop ends it and waits.
func (g *gateway) serve() (stop func()) {
	g.Helper()
	cmd := g.command("serve")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		g.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		g.Fatal(err)
	}
	if !bufio.NewScanner(out).Scan() {
		g.Fatal("the daemon did not say that it is ready")
	}
	return func() { end(g.T, cmd) }
}

func end(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the process did not end well: %v", err)
	}
}
