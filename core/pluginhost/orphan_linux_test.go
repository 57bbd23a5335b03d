package pluginhost

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// hostUntilKilled is a host process: it starts a plugin, says its process id and
// waits for the end.
func hostUntilKilled() {
	pluginDir = os.Getenv("HOST_OF")
	sum, err := hashFile(Binary(pluginDir, "good"))
	h := New(Options{PluginDir: pluginDir, Lock: &Lock{Plugins: map[string]LockedPlugin{"good": {SHA256: map[string]string{Platform: sum}}}}})
	var p *Plugin
	if err == nil {
		p, err = h.Start(context.Background(), instance("good", "", 0))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(p.Status().PID)
	select {}
}

func TestNoOrphans(t *testing.T) {
	host := exec.Command(os.Args[0])
	host.Env = append(os.Environ(), "HOST_OF="+pluginDir)
	out, err := host.StdoutPipe()
	if err == nil {
		err = host.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	line, _ := bufio.NewReader(out).ReadString('\n')
	if _, err := fmt.Sscan(line, &pid); err != nil {
		t.Fatal(line, err)
	}
	handle, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(handle)
	if err := host.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = host.Wait()
	if n, err := unix.Poll([]unix.PollFd{{Fd: int32(handle), Events: unix.POLLIN}}, 5000); n != 1 {
		t.Errorf("the plugin outlives its host: %v", err)
		_ = unix.Kill(pid, unix.SIGKILL)
	}
}
