package schema

import (
	"testing"
	"time"
)

func TestDurationsWithDays(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{"7d": 7 * day, "1d12h": 36 * time.Hour, "0d": 0, "15m": 15 * time.Minute, "1d1h1m1s": day + time.Hour + time.Minute + time.Second} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "d", "7", "-1d", "1.5d", "1d-3h", "1d+3h", "1dd", "1d1d", "99999999999d", "7days"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}
