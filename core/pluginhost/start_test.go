package pluginhost

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"syncgateway/core/diag"
	"syncgateway/core/schema"
)

func TestStart(t *testing.T) {
	var state string
	h, _ := newHost(t, func(o *Options) { state = o.StateDir })
	p, err := h.Start(t.Context(), instance("good", "warn", 0))
	if err != nil {
		t.Fatal(err)
	}
	if d := p.Description(); d.Type != "good" || !d.Has(schema.Target) || !d.Config.Fields[1].Sensitive || !d.Capabilities.Lookup {
		t.Errorf("description %+v", d)
	}
	if w := p.Warnings(); len(w) != 1 || w[0].Severity != diag.Warning || w[0].Path.String() != "mode" || strings.Contains(w[0].Summary, canary) {
		t.Errorf("warnings %v", w)
	}
	if s := p.Status(); s.State != Ready || s.PID == 0 || s.Address != "source.good.a" {
		t.Errorf("status %+v", s)
	}
	if info, err := os.Stat(filepath.Join(state, "source.good.a")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("state directory: %v %v", info, err)
	}
	proc := p.session.proc
	p.Close()
	<-proc.exited
	if _, err := p.Lookup(t.Context(), LookupBy{ID: "x"}); !errors.Is(err, ErrClosed) {
		t.Errorf("lookup in a closed plugin: %v", err)
	}
	if p.Status().State != Closed {
		t.Error(p.Status())
	}
	p.Close()
}

func TestWhatCannotBeStarted(t *testing.T) {
	h, _ := newHost(t, func(o *Options) { o.StartTimeout = 3 * time.Second })
	for name, want := range map[string]string{
		"exits":     "it exited at once (exit status 3)",
		"silent":    "it was not ready within 3s",
		"garbage":   `it wrote "Hello, I am a web server listening on :8080" where the handshake was due`,
		"network":   "only unix sockets are accepted",
		"notls":     "it offers no mutual TLS",
		"newer":     "incompatible API version",
		"dies":      "(exit status 4)",
		"wrongtype": `it says that it is the plugin "okta"`,
		"badschema": "a type that this gateway does not know",
		"text":      "exec format error",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := h.Start(t.Context(), instance(name, "", 0))
			var broken *BrokenPlugin
			if !errors.As(err, &broken) || !strings.Contains(err.Error(), want) || broken.Address != "source."+name+".a" {
				t.Errorf("got %v", err)
			}
			if name == "exits" && (len(broken.Log) == 0 || !strings.Contains(broken.Log[0], "libfoo.so")) {
				t.Errorf("log %q", broken.Log)
			}
		})
	}
}

func TestConfigurationRefused(t *testing.T) {
	h, _ := newHost(t)
	_, err := h.Start(t.Context(), instance("good", "refuse", 0))
	var bad *Misconfigured
	if !errors.As(err, &bad) || bad.Diagnostics[0].Code != "odd.refused" || strings.Contains(err.Error(), canary) || err.Error() != "source.good.a: mode: not with [redacted]" {
		t.Errorf("got %v", err)
	}
}

func TestPanicTextIsKept(t *testing.T) {
	h, _ := newHost(t)
	_, err := h.Start(t.Context(), instance("good", "panic-configure", 0))
	var broken *BrokenPlugin
	if !errors.As(err, &broken) || !strings.HasPrefix(broken.Panic, "panic: while configuring [redacted]") ||
		!strings.Contains(broken.Panic, "goroutine ") || broken.Doing != "configure" {
		t.Errorf("got %v, panic %q", err, broken.Panic)
	}
}

func TestStartIsCancelled(t *testing.T) {
	h, _ := newHost(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { _, err := h.Start(ctx, instance("silent", "", 0)); ended <- err }()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	go func() { _, err := h.Start(t.Context(), instance("silent", "", 0)); ended <- err }()
	h.Close()
	if err := <-ended; err == nil {
		t.Error("started in a closed host")
	}
}

func TestNothingRunsUnlocked(t *testing.T) {
	h, _ := newHost(t, func(o *Options) { delete(o.Lock.Plugins, "good") })
	var lock *LockError
	_, err := h.Start(t.Context(), instance("good", "", 0))
	if !errors.As(err, &lock) || lock.Want != "" || !strings.Contains(err.Error(), "gateway plugins lock good") {
		t.Errorf("not locked: %v", err)
	}
	h, _ = newHost(t, func(o *Options) { o.Lock.Plugins["good"].SHA256[Platform] = strings.Repeat("0", 64) })
	_, err = h.Start(t.Context(), instance("good", "", 0))
	if !errors.As(err, &lock) || !strings.Contains(err.Error(), strings.Repeat("0", 64)) || !strings.Contains(err.Error(), lock.Got) ||
		!strings.Contains(err.Error(), "gateway plugins lock good") {
		t.Errorf("another hash: %v", err)
	}
	if _, err := h.Start(t.Context(), instance("badlog", "", 0)); err != nil {
		t.Errorf("a mismatch of one stopped another: %v", err)
	}
	h, _ = newHost(t, func(o *Options) { o.Lock = nil })
	if _, err = h.Describe(t.Context(), "good"); !errors.As(err, &lock) {
		t.Errorf("no lock file: %v", err)
	}
	if _, err := h.Start(t.Context(), instance("absent", "", 0)); !errors.As(err, &lock) || lock.Got != "" {
		t.Errorf("no binary: %v", err)
	}
	for _, in := range []Instance{{Address: "../../x", Type: "good"}, {Address: "source.good.a", Type: "../good"}} {
		if _, err := h.Start(t.Context(), in); err == nil {
			t.Errorf("%+v was started", in)
		}
	}
}

func TestEnvironmentIsNotLeaked(t *testing.T) {
	t.Setenv("OKTA_API_TOKEN", canary)
	t.Setenv("TZ", "Europe/Oslo")
	t.Setenv("KRB5_CONFIG", "/etc/krb5.conf")
	h, _ := newHost(t, func(o *Options) { o.Env = map[string][]string{"environment": {"KRB5_CONFIG"}} })
	d, err := h.Describe(t.Context(), "environment")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(d.Summary, canary) || !strings.Contains(d.Summary, "TZ=Europe/Oslo") || !strings.Contains(d.Summary, "KRB5_CONFIG=") {
		t.Errorf("environment:\n%s", d.Summary)
	}
}

func TestSideBySide(t *testing.T) {
	h, _ := newHost(t)
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			in := instance("good", "", 1)
			in.Address = "source.good." + string(rune('a'+i))
			p, err := h.Start(t.Context(), in)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := p.ReadUsers(t.Context(), ReadOptions{}, &collected{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestCheck(t *testing.T) {
	p := start(t, "", 0)
	var steps []CheckStep
	if err := p.Check(t.Context(), func(s CheckStep) { steps = append(steps, s) }); err != nil {
		t.Fatal(err)
	}
	if len(steps) != 2 || steps[0].Outcome != CheckPassed || steps[0].Detail != "as [redacted]" || steps[1].Outcome != CheckFailed || len(steps[1].Diagnostics) != 1 {
		t.Errorf("%+v", steps)
	}
}
