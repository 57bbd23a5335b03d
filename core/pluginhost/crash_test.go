package pluginhost

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// startOnCue starts a plugin that crashes when cue is called.
func startOnCue(t *testing.T) (p *Plugin, cue func()) {
	var dir string
	p = start(t, "crash", 2, func(o *Options) { dir = o.StateDir })
	return p, func() {
		if err := os.WriteFile(filepath.Join(dir, p.Address(), "cue"), nil, 0o600); err != nil {
			t.Error(err)
		}
	}
}

type cueing struct {
	collected
	cue func()
}

func (c *cueing) Users(ctx context.Context, p UserPage) error {
	defer c.cue()
	return c.collected.Users(ctx, p)
}

func TestCrashInARead(t *testing.T) {
	p, cue := startOnCue(t)
	sink := &cueing{cue: cue}
	_, err := p.ReadUsers(t.Context(), ReadOptions{}, sink)
	var broken *BrokenPlugin
	if !errors.As(err, &broken) || len(sink.users) != 2 || !strings.Contains(err.Error(), "exit status 2") ||
		!strings.HasPrefix(broken.Panic, "panic: in the middle of a read with [redacted]") {
		t.Fatalf("%v, panic %q", err, broken.Panic)
	}
	found, err := p.Lookup(t.Context(), LookupBy{ID: "ada"}) // waits for the restart
	if err != nil || found.User.ID != "ada" {
		t.Errorf("after the restart: %v", err)
	}
	if s := p.Status(); s.Crashes != 1 || s.State != Ready || s.Err == nil {
		t.Errorf("%+v", s)
	}
}

func TestCrashInAnApply(t *testing.T) {
	p, cue := startOnCue(t)
	var results []string
	err := p.Apply(t.Context(), "r", []Operation{{ID: "0"}, {ID: "1"}, {ID: "2"}}, func(r Result) {
		results = append(results, r.OperationID)
		cue()
	})
	var broken *BrokenPlugin
	if !errors.As(err, &broken) || broken.Panic == "" || fmt.Sprint(results) != "[0]" {
		t.Errorf("%v after %v", err, results)
	}
}

func TestApply(t *testing.T) {
	for mode, test := range map[string]struct {
		want    string // of the error
		results int
	}{
		"":        {"", 3},
		"missing": {"without a result for 1 of 3 operations", 2},
		"twice":   {`a result for "0", which has one`, 1},
		"unknown": {`a result for "never asked"`, 1},
		"outcome": {"", 3},
	} {
		p := start(t, mode, 0)
		results := map[string]Result{}
		err := p.Apply(t.Context(), "r", []Operation{{ID: "0"}, {ID: "1"}, {ID: "2"}}, func(r Result) { results[r.OperationID] = r })
		if len(results) != test.results || (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, %v", mode, results, err)
		}
		if mode == "outcome" && (results["1"].Outcome != Failed || results["1"].Failure == nil) {
			t.Errorf("an unknown outcome became %+v", results["1"])
		}
		if r := results["0"]; r.Outcome != Applied || r.RemoteID != "r-0" {
			t.Errorf("%s: %+v", mode, r)
		}
	}
}

// fakeTime moves by hand, and lets restarts happen when told.
type fakeTime struct {
	mu    sync.Mutex
	now   time.Time
	waits chan time.Duration
	fire  chan time.Time
}

func (f *fakeTime) options(o *Options) {
	f.now, f.waits, f.fire = time.Now(), make(chan time.Duration, 8), make(chan time.Time)
	o.Now = func() time.Time { f.mu.Lock(); defer f.mu.Unlock(); return f.now }
	o.after = func(d time.Duration) <-chan time.Time { f.waits <- d; return f.fire }
}

func TestQuarantine(t *testing.T) {
	var clock fakeTime
	p := start(t, "", 0, clock.options)
	for i := range quarantineAfter {
		var broken *BrokenPlugin
		if _, err := p.Lookup(t.Context(), LookupBy{ID: "die"}); !errors.As(err, &broken) || broken.Panic == "" {
			t.Fatalf("crash %d: %v", i, err)
		}
		if i == quarantineAfter-1 {
			break
		}
		if wait := <-clock.waits; wait != min(firstBackoff<<(2*i), mostBackoff) {
			t.Errorf("crash %d is followed by a wait of %s", i, wait)
		}
		if s := p.Status(); s.State != BackingOff && s.State != Ready {
			t.Errorf("%+v", s)
		}
		clock.fire <- clock.now
	}
	_, err := p.Lookup(t.Context(), LookupBy{ID: "ada"})
	for err == nil || !errors.Is(err, ErrQuarantined) { // the watch may not have taken it in yet
		_, err = p.Lookup(t.Context(), LookupBy{ID: "ada"})
	}
	if s := p.Status(); s.State != Quarantined || s.PID != 0 || s.Crashes != quarantineAfter || len(s.Log) == 0 {
		t.Errorf("%+v", s)
	}
}

func TestOldCrashesAreForgotten(t *testing.T) {
	var c crashes
	now := time.Now()
	for i := range 20 {
		now = now.Add(crashWindow / (quarantineAfter - 1))
		if wait, quarantined := c.add(now); quarantined || wait > mostBackoff {
			t.Fatalf("crash %d: %s %v", i, wait, quarantined)
		}
	}
	for range quarantineAfter - 1 {
		c.add(now)
	}
	if _, quarantined := c.add(now); !quarantined || c.since(now.Add(crashWindow)) != 0 {
		t.Error("many crashes at once are no reason for quarantine")
	}
}

func TestChangedBinaryIsNotStartedAgain(t *testing.T) {
	var clock fakeTime
	var lock *Lock
	p := start(t, "", 0, clock.options, func(o *Options) { lock = o.Lock })
	_, _ = p.Lookup(t.Context(), LookupBy{ID: "die"})
	<-clock.waits
	lock.Plugins["good"] = LockedPlugin{SHA256: map[string]string{Platform: strings.Repeat("0", 64)}}
	clock.fire <- clock.now
	var refused *LockError
	if _, err := p.Lookup(t.Context(), LookupBy{ID: "ada"}); !errors.As(err, &refused) || p.Status().State != Quarantined {
		t.Errorf("%v %+v", err, p.Status())
	}
}
