package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"syncgateway/examples/synthetic/crowd"
)

func TestParseSize(t *testing.T) {
	for text, want := range map[string]crowd.Size{
		"10k": {Users: 10_000, Groups: 100, PerUser: 10}, "1M": {Users: 1_000_000, Groups: 10_000, PerUser: 10},
		"20000x5": {Users: 20_000, Groups: 200, PerUser: 5}, "50": {Users: 50, Groups: 10, PerUser: 10},
	} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "many", "0", "10kx", "10x0", "-5k"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

func TestGoals(t *testing.T) {
	r := &Row{Run: rowUnchanged, Wall: 0.5, Processes: []Process{{PeakMB: 97}}, Goal: goalOf(rowUnchanged, 100_000)}
	if text := r.Goal.text(r); text != "≤0.7s, ≤96MB missed" {
		t.Error(text)
	}
	r = &Row{Wall: 12, PerOp: 50, Share: 0.98, Goal: goalOf(rowApplyLatency, 20_000)}
	if text := r.Goal.text(r); text != "≤60µs, ≥0.97" {
		t.Error(text)
	}
	if g := goalOf(rowUnchanged, 10_000); g.text(r) != "" {
		t.Error(g)
	}
}

func TestCompare(t *testing.T) {
	row := func(wall, floor float64) *Row {
		return &Row{Users: 10, Run: rowUnchanged, Wall: wall, Floor: floor, Processes: []Process{{Name: "gateway", CPU: wall, PeakMB: 50}}}
	}
	file := filepath.Join(t.TempDir(), "old.json")
	if err := (&Report{Rows: []*Row{row(1, 0.5)}}).write(file); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := (&Report{Rows: []*Row{row(3, 0.5), {Run: "new", Users: 10}}}).compare(&out, file); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); !strings.Contains(text, "× 3.00    × 3.00    × 1.00    × 3.00") || strings.Contains(text, "new") {
		t.Error(text)
	}
}

func TestStagesOfAnApply(t *testing.T) {
	at := time.Now()
	s := stages{began: at, ended: at.Add(2 * time.Second), used: 0.5, total: 10_000}
	var r Row
	if s.perOperation(&r); s.applied() != 2 || r.PerOp != 50 || r.Operations != 10_000 {
		t.Errorf("%+v", r)
	}
}
