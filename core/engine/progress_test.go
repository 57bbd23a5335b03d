package engine

import (
	"slices"
	"testing"
	"time"
)

func TestProgressIsToldWhenItMatters(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var told []Progress
	e := &Engine{Now: func() time.Time { return now }, Progress: func(p Progress) { told = append(told, p) }}
	tell := e.teller("staff", "r1")
	read := func(done int, waiting string) Progress {
		return Progress{Stage: StageRead, Of: "source.okta.corp", Unit: "users", Done: done, Total: 1000, Waiting: waiting}
	}
	tell.say(read(100, "")) // a new stage
	tell.say(read(200, "")) // too soon
	now = now.Add(2 * time.Second)
	tell.say(read(300, ""))
	tell.say(Progress{Stage: StageRead, Of: "source.okta.corp", Waiting: "rate limit", Until: now.Add(time.Minute)})
	tell.say(read(301, ""))                                  // the pause is over
	tell.say(read(1000, ""))                                 // the end
	tell.say(Progress{Stage: StageRead, Done: 7, Total: 5})  // more than there was
	tell.say(Progress{Stage: StageEvaluate, Unit: "people"}) // another
	if len(told) != 7 {
		t.Fatalf("%+v", told)
	}
	if p := told[1]; p.Sync != "staff" || p.Run != "r1" || p.Rate() != 150 || p.Left().Round(time.Second) != 5*time.Second {
		t.Errorf("%+v: %v a second, %v left", p, p.Rate(), p.Left())
	}
	if p := told[2]; p.Waiting != "rate limit" || p.Done != 300 || p.Total != 1000 {
		t.Errorf("%+v", p)
	}
	if p := told[3]; p.Waiting != "" || p.Done != 301 {
		t.Errorf("%+v", p)
	}
	if p := told[5]; p.Total != 0 || p.Left() != 0 {
		t.Errorf("%+v", p)
	}
	(&Engine{}).teller("staff", "r1").say(read(1, "")) // nobody listens
}

// The stages of a run are told in their order, and that it ended.
func TestRunTellsItsStages(t *testing.T) {
	b := newBench(t, t.TempDir(), "  users {}\n  groups {}\n"+generous)
	defer b.close()
	b.company(20)
	var stages []string
	b.e.Progress = func(p Progress) {
		if len(stages) == 0 || stages[len(stages)-1] != p.Stage {
			stages = append(stages, p.Stage)
		}
		if p.Sync != "staff" || p.Run == "" {
			t.Errorf("%+v", p)
		}
	}
	b.run(Options{Apply: true})
	want := []string{StageRecover, StageRead, StageDoubt, StageMirror, StageRead, StageDoubt, StageMirror, StageEvaluate, StageJudge, StageApply,
		StageRecord, StageEnded}
	if !slices.Equal(stages, want) {
		t.Errorf("%v, and should be %v", stages, want)
	}
}
