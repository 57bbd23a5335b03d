package chaos

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"syncgateway/core/api"
)

// daemon is a gateway that serves its API, in a process of its own.
type daemon struct {
	cmd    *exec.Cmd
	client *api.Client
	said   *bytes.Buffer
}

// start starts the gateway unless it runs, and waits until it answers.
func (b *block) start(ctx context.Context) error {
	if b.daemon != nil {
		return nil
	}
	d := &daemon{cmd: b.command(ctx, "serve"), said: &bytes.Buffer{}}
	d.cmd.Stdout, d.cmd.Stderr = d.said, d.said
	if err := d.cmd.Start(); err != nil {
		return err
	}
	b.daemon = d
	for range 6000 {
		client, ok := api.Dial(ctx, filepath.Join(b.dir, "data", "gateway.sock"))
		if d.client = client; ok {
			return nil
		}
		if !running(d.cmd.Process.Pid) {
			break
		}
		time.Sleep(10 * time.Millisecond) // until it answers
	}
	b.stop()
	return fmt.Errorf("the gateway does not serve: %s", d.said)
}

// stop kills the gateway; its plugins end with it.
func (b *block) stop() {
	if b.daemon == nil {
		return
	}
	end(b.daemon.cmd.Process.Pid)
	_ = b.daemon.cmd.Wait() // it was killed
	b.daemon = nil
}

// child finds a plugin of a gateway, 0 when it does not run.
func child(pid int, name string) int {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, path := range threads {
		b, _ := os.ReadFile(path)
		for _, field := range strings.Fields(string(b)) {
			if line, err := os.ReadFile("/proc/" + field + "/cmdline"); err == nil && strings.Contains(string(line), name) {
				n, _ := strconv.Atoi(field)
				return n
			}
		}
	}
	return 0
}

// running tells whether a process has not ended yet; one that has is still there until
// somebody asks how.
func running(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(b), ") ")
	return err == nil && !strings.HasPrefix(state, "Z")
}

func end(pid int) bool { return pid > 0 && syscall.Kill(pid, syscall.SIGKILL) == nil }
