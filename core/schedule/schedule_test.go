package schedule

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

type record struct {
	name string
	t    Trigger
	at   time.Duration
}

// play runs entries for a while of pretended time and returns what ran when.
func play(t *testing.T, entries []Entry, length, each time.Duration, during func(*Schedule)) []record {
	t.Helper()
	var got []record
	start := time.Now()
	s, err := New(entries, func(_ context.Context, name string, tr Trigger) {
		got = append(got, record{name, tr, time.Since(start)})
		time.Sleep(each)
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	if during != nil {
		during(s)
	}
	<-done
	return got
}

func TestEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := play(t, []Entry{{Name: "staff", Every: 15 * time.Minute}}, 40*time.Minute, 0, nil)
		want := []record{{"staff", Clock, 0}, {"staff", Clock, 15 * time.Minute}, {"staff", Clock, 30 * time.Minute}}
		if !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
	})
}

// Many events during a run lead to one run after it.
func TestEventsAreCoalesced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := play(t, []Entry{{Name: "staff"}}, time.Hour, time.Minute, func(s *Schedule) {
			for range 5 {
				s.Wake("staff", Event)
				time.Sleep(time.Second)
			}
		})
		want := []record{{"staff", Event, 0}, {"staff", Event, time.Minute}}
		if !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
	})
}

func TestCron(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := play(t, []Entry{{Name: "staff", Cron: "0 * * * *"}}, 2*time.Hour+time.Minute, 0, nil)
		if len(got) != 3 {
			t.Errorf("got %v", got)
		}
	})
}

func TestWrongCronNamesTheSync(t *testing.T) {
	if _, err := New([]Entry{{Name: "staff", Cron: "every day"}}, nil); err == nil {
		t.Error("accepted")
	}
}

func TestUnknownNamesAreIgnored(t *testing.T) {
	s, err := New(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Wake("nobody", Event)
	if !s.Next("nobody").IsZero() {
		t.Error("has a next run")
	}
}
