package wire_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"golang.org/x/sys/unix"
)

// hostUntilKilled starts a plugin as a host would that knows nothing of parent death
// signals, says its process id and waits for the end.
func hostUntilKilled() {
	cmd := exec.Command(os.Args[0])
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "SYNC_GATEWAY_PLUGIN", MagicCookieValue: "1"},
		Plugins:         plugin.PluginSet{"gateway": conn{}}, AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Cmd: cmd, AutoMTLS: true, SkipHostEnv: true, Logger: hclog.New(&hclog.LoggerOptions{Level: hclog.Off}),
	})
	if _, err := client.Client(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(cmd.Process.Pid)
	select {}
}

func TestPluginLeavesWithItsHost(t *testing.T) {
	host := exec.Command(os.Args[0])
	host.Env = []string{"SAMPLE_HOST=1"}
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
	if n, err := unix.Poll([]unix.PollFd{{Fd: int32(handle), Events: unix.POLLIN}}, 10_000); n != 1 {
		t.Errorf("the plugin outlives its host: %v", err)
		_ = unix.Kill(pid, unix.SIGKILL)
	}
}
