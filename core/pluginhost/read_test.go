package pluginhost

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestReadUsers(t *testing.T) {
	p := start(t, "events", 3)
	sink := &collected{}
	end, err := p.ReadUsers(t.Context(), ReadOptions{}, sink)
	if err != nil || !end.Complete || end.Count != 3 || string(end.Delta) != "next" || end.RemoteTotal != nil {
		t.Fatalf("%+v %v", end, err)
	}
	if len(sink.users) != 3 || sink.users[1].ID != "u1" || sink.users[1].Active || !sink.users[2].Active {
		t.Errorf("%+v", sink.users)
	}
	if sink.users[0].Fingerprint == sink.users[1].Fingerprint || sink.users[0].Fingerprint == [16]byte{} {
		t.Error("fingerprints do not tell records apart")
	}
	if len(sink.checkpoints) != 1 || len(sink.waits) != 1 || len(sink.notices) != 1 || sink.notices[0].Diagnostic.Summary != "no mail [redacted]" {
		t.Errorf("%q %v %v", sink.checkpoints, sink.waits, sink.notices)
	}
	again := &collected{}
	if _, err := p.ReadUsers(t.Context(), ReadOptions{}, again); err != nil || again.users[0].Fingerprint != sink.users[0].Fingerprint {
		t.Errorf("the same record has another fingerprint: %v", err)
	}
}

func TestReadsThatBreakTheContract(t *testing.T) {
	h, _ := newHost(t)
	for mode, want := range map[string]string{
		"miscount": "it says that it sent 3 records, and 2 arrived",
		"after":    "it went on sending after the end of the read",
		"no-end":   "without saying whether it is complete",
		"no-id":    "it has no id",
		"removed":  "it sent changes in a read that asked for everything",
		"large":    "larger than max",
		"status":   "with [redacted]",
	} {
		in := instance("good", mode, 2)
		in.Address = "source.good." + mode
		p, err := h.Start(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		end, err := p.ReadUsers(t.Context(), ReadOptions{}, &collected{})
		var broken *BrokenPlugin
		if !errors.As(err, &broken) || !strings.Contains(err.Error(), want) || end.Complete || broken.Doing != "read users" {
			t.Errorf("%s: %+v %v", mode, end, err)
		}
	}
	p := start(t, "no-group", 0)
	if _, err := p.ReadGroups(t.Context(), ReadOptions{}, &collected{}); err == nil || !strings.Contains(err.Error(), "memberships name no group") {
		t.Error(err)
	}
}

func TestRemoteFailureIsNotThePluginsFault(t *testing.T) {
	p := start(t, "failure", 2)
	sink := &collected{}
	end, err := p.ReadUsers(t.Context(), ReadOptions{}, sink)
	if err != nil || end.Complete || end.Failure == nil || end.Failure.Reason != ReasonRateLimited || end.Failure.RetryAfter != time.Minute ||
		end.Failure.Message != "slow down [redacted]" || len(sink.users) != 2 {
		t.Errorf("%+v %v", end, err)
	}
}

func TestReset(t *testing.T) {
	p := start(t, "", 1)
	end, err := p.ReadUsers(t.Context(), ReadOptions{Delta: []byte("old")}, &collected{})
	if err != nil || end.Reset != "too old" || end.Complete {
		t.Errorf("%+v %v", end, err)
	}
}

func TestReadIsCancelled(t *testing.T) {
	p := start(t, "hang", 1)
	ctx, cancel := context.WithCancel(t.Context())
	sink := &cancelling{cancel: cancel}
	if _, err := p.ReadUsers(ctx, ReadOptions{}, sink); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	full := errors.New("the disk is full")
	if _, err := p.ReadUsers(t.Context(), ReadOptions{}, &collected{err: full}); err != full {
		t.Errorf("the sink's error became %v", err)
	}
	if p.Status().State != Ready {
		t.Error(p.Status())
	}
}

type cancelling struct {
	collected
	cancel func()
}

func (c *cancelling) Users(context.Context, UserPage) error { c.cancel(); return nil }

func TestReadGroupsAndState(t *testing.T) {
	p := start(t, "", 0)
	sink := &collected{}
	end, err := p.ReadGroups(t.Context(), ReadOptions{}, sink)
	if err != nil || !end.Complete || len(sink.groups) != 1 || sink.groups[0] != "g/G" {
		t.Fatalf("%+v %v %v", end, sink.groups, err)
	}
	if m := sink.pages[0].Members; len(m) != 1 || m[0].UserIDs.Strings()[0] != "u0" || m[0].ChildIDs[0] != "h" {
		t.Errorf("%+v", m)
	}
	end, err = p.ReadState(t.Context(), StateOptions{Emails: []string{"a@b"}}, sink)
	if err != nil || end.Count != 2 || len(sink.states) != 1 {
		t.Fatalf("%+v %v", end, err)
	}
	if s := sink.states[0]; s.Users[0].ID != "1" || s.Groups[0].ID != "g" || s.Members[0].GroupID != "g" || s.Protected[0].Reason != "own" || s.Quotas[0].Total != 5 {
		t.Errorf("%+v", s)
	}
}

func TestLookup(t *testing.T) {
	p := start(t, "", 0)
	found, err := p.Lookup(t.Context(), LookupBy{ID: "ada"})
	if err != nil || found.User.ID != "ada" || !found.User.Active || found.User.Kind != "user" || found.Groups[0].ID != "g" {
		t.Errorf("%+v %v", found, err)
	}
	if _, err := p.Lookup(t.Context(), LookupBy{ID: "nobody"}); !NotFound(err) || strings.Contains(err.Error(), canary) {
		t.Errorf("nobody: %v", err)
	}
	for _, id := range []string{"empty", "other"} {
		var broken *BrokenPlugin
		if _, err := p.Lookup(t.Context(), LookupBy{ID: id}); NotFound(err) || !errors.As(err, &broken) {
			t.Errorf("%s: %v", id, err)
		}
	}
	if found, err := p.Lookup(t.Context(), LookupBy{GroupID: "g"}); err != nil || found.Groups[0].ID != "g" {
		t.Errorf("%+v %v", found, err)
	}
}
