package api

import (
	"testing"

	"syncgateway/core/engine"
)

// Who asked for a run of one sync is not told of another.
func TestWhoIsTold(t *testing.T) {
	p := engine.Progress{Sync: "staff"}
	for _, x := range []struct {
		q    any
		want bool
	}{{RunRequest{Sync: "staff"}, true}, {RunRequest{Sync: "guests"}, false}, {RunRequest{Undo: "r1"}, true}, {CheckRequest{}, true}} {
		if concerns(x.q, p) != x.want {
			t.Errorf("%+v", x.q)
		}
	}
}
