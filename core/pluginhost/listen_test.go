package pluginhost

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type pushed struct {
	calls chan DirectoryCall
	hints chan []string
}

func (d *pushed) Call(_ context.Context, c DirectoryCall) (DirectoryReply, error) {
	d.calls <- c
	c.Put.Version = "v1"
	return DirectoryReply{Entries: []Entry{*c.Put}}, nil
}

func (d *pushed) Hint(userIDs, _ []string) { d.hints <- userIDs }

func socket(t *testing.T) string {
	dir, err := os.MkdirTemp("", "l") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

func TestListen(t *testing.T) {
	p := start(t, "", 0)
	d := &pushed{calls: make(chan DirectoryCall, 1), hints: make(chan []string, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	ready, ended := make(chan struct{}), make(chan error, 1)
	o := ListenOptions{Socket: socket(t), PublicURL: "https://x/in/a", Ready: func() { close(ready) }}
	go func() { ended <- p.Listen(ctx, o, d) }()
	<-ready
	c, err := net.Dial("unix", o.Socket)
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(c)
	if call := <-d.calls; string(answer) != "v1" || call.Put.User.ID != "ada" || string(call.Put.Document) != "{}" {
		t.Errorf("%q %+v", answer, call)
	}
	if hint := <-d.hints; hint[0] != "ada" {
		t.Error(hint)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestListenerThatBreaksTheContract(t *testing.T) {
	p := start(t, "bad-call", 0)
	err := p.Listen(t.Context(), ListenOptions{Socket: socket(t)}, &pushed{})
	if err == nil || !strings.Contains(err.Error(), "asks for nothing") {
		t.Error(err)
	}
}
