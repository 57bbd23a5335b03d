package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"syncgateway/examples/synthetic/crowd"
)

// Report is what a bench found.
type Report struct {
	At   time.Time `json:"at"`
	CPUs int       `json:"cpus"`
	Go   string    `json:"go"`
	Rows []*Row    `json:"rows"`
}

func newReport() *Report {
	return &Report{At: time.Now().UTC().Truncate(time.Second), CPUs: runtime.NumCPU(), Go: runtime.Version()}
}

// Row is one measured run, or one floor.
type Row struct {
	Users       int       `json:"users"`
	Memberships int       `json:"memberships"`
	Run         string    `json:"run"`
	Wall        float64   `json:"wall_seconds"`
	Floor       float64   `json:"floor_seconds,omitempty"` // what it takes at least, here and now; 0: nothing to compare with
	FloorOf     string    `json:"floor_of,omitempty"`
	Processes   []Process `json:"processes,omitempty"`
	Operations  int       `json:"operations,omitempty"`
	PerOp       float64   `json:"gateway_cpu_us_per_operation,omitempty"`
	Share       float64   `json:"share,omitempty"` // of what a bare client reaches, or of the calls that are allowed
	ShareOf     string    `json:"share_of,omitempty"`
	Goal        *Goal     `json:"goal,omitempty"`
	Summary     string    `json:"summary,omitempty"`
}

// Process is what one process used during a run.
type Process struct {
	Name   string  `json:"name"`
	CPU    float64 `json:"cpu_seconds"`
	PeakMB float64 `json:"peak_mb"`
	Calls  int     `json:"remote_calls"`
}

// Goal is what a row should stay within; what is 0 has none.
type Goal struct {
	Wall   float64 `json:"wall_seconds,omitempty"`
	PeakMB float64 `json:"gateway_peak_mb,omitempty"`
	PerOp  float64 `json:"gateway_cpu_us_per_operation,omitempty"`
	Share  float64 `json:"share,omitempty"`
}

// goals by run, and by people where it matters; 0 is any number.
var goals = []struct {
	run   string
	users int
	goal  Goal
}{
	{rowFirstPlan, 100_000, Goal{Wall: 3, PeakMB: 128}},
	{rowUnchanged, 100_000, Goal{Wall: 0.7, PeakMB: 96}},
	{rowUnchanged, 1_000_000, Goal{Wall: 6, PeakMB: 256}},
	{rowPercentPlan, 100_000, Goal{Wall: 1}},
	{rowDeltaPlan, 0, Goal{Wall: 0.15}},
	{rowApply, 0, Goal{PerOp: 60}},
	{rowApplyLatency, 0, Goal{PerOp: 60, Share: 0.97}},
	{rowApplyRate, 0, Goal{Share: 0.95}},
}

func goalOf(run string, users int) *Goal {
	for _, g := range goals {
		if g.run == run && (g.users == 0 || g.users == users) {
			return &g.goal
		}
	}
	return nil
}

// text is the goal, and whether the row misses it.
func (g *Goal) text(r *Row) string {
	if g == nil {
		return ""
	}
	var parts []string
	add := func(goal, is float64, format string, most bool) {
		switch text := fmt.Sprintf(format, goal); {
		case goal == 0:
		case most && is > goal, !most && is < goal:
			parts = append(parts, text+" missed")
		default:
			parts = append(parts, text)
		}
	}
	add(g.Wall, r.Wall, "≤%gs", true)
	if len(r.Processes) > 0 {
		add(g.PeakMB, r.Processes[0].PeakMB, "≤%gMB", true)
	}
	add(g.PerOp, r.PerOp, "≤%gµs", true)
	add(g.Share, r.Share, "≥%g", false)
	return strings.Join(parts, ", ")
}

func (r *Report) write(path string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

// compare prints how each row differs from the same row of an earlier report. The last
// column compares what is left of two machines when each is measured by its own floor.
func (r *Report) compare(w io.Writer, path string) error {
	body, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var old Report
	if err := json.Unmarshal(body, &old); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	fmt.Fprintf(w, "\nagainst %s of %s\n%-34s %8s %9s %9s %9s %9s\n", path, old.At.Format(time.DateTime), "run", "users", "wall", "cpu", "peak", "×floor")
	for _, is := range r.Rows {
		was := old.find(is)
		if was == nil {
			continue
		}
		fmt.Fprintf(w, "%-34s %8d %9s %9s %9s %9s\n", is.Run, is.Users, times(is.Wall, was.Wall), times(is.gateway().CPU, was.gateway().CPU),
			times(is.gateway().PeakMB, was.gateway().PeakMB), times(is.floors(), was.floors()))
	}
	return nil
}

func (r *Report) find(like *Row) *Row {
	for _, row := range r.Rows {
		if row.Run == like.Run && row.Users == like.Users && row.Memberships == like.Memberships {
			return row
		}
	}
	return nil
}

func (r *Row) gateway() Process {
	if len(r.Processes) == 0 {
		return Process{}
	}
	return r.Processes[0]
}

// floors is how many floors the row takes, 0 without one.
func (r *Row) floors() float64 {
	if r.Floor == 0 {
		return 0
	}
	return r.Wall / r.Floor
}

func times(is, was float64) string {
	if is == 0 || was == 0 {
		return ""
	}
	return fmt.Sprintf("× %.2f", is/was)
}

// table prints rows as they come.
type table struct{ w io.Writer }

var processNames = []string{"gateway", "source", "target"}

func newTable(w io.Writer, s crowd.Size) *table {
	fmt.Fprintf(w, "\n%d people, %d groups, %d memberships\n", s.Users, s.Groups, s.Users*s.PerUser)
	fmt.Fprintf(w, "%-34s %8s %8s %6s", "run", "wall s", "floor s", "×")
	for _, name := range processNames {
		fmt.Fprintf(w, "  %-20s", name+" cpu s, MB")
	}
	fmt.Fprintf(w, " %6s %6s %7s %6s  %s\n", "source", "target", "µs/op", "share", "goal")
	return &table{w}
}

func (t *table) row(r *Row) {
	fmt.Fprintf(t.w, "%-34s %8.3f %8s %6s", r.Run, r.Wall, number("%.3f", r.Floor), number("%.1f", r.floors()))
	for i := range processNames {
		if i >= len(r.Processes) {
			fmt.Fprintf(t.w, "  %-20s", "")
			continue
		}
		fmt.Fprintf(t.w, "  %7.2f %8.1f    ", r.Processes[i].CPU, r.Processes[i].PeakMB)
	}
	calls := [2]string{}
	for i := range calls {
		if len(r.Processes) > i+1 {
			calls[i] = fmt.Sprint(r.Processes[i+1].Calls)
		}
	}
	fmt.Fprintf(t.w, " %6s %6s %7s %6s  %s\n", calls[0], calls[1], number("%.0f", r.PerOp), number("%.3f", r.Share), r.Goal.text(r))
}

func number(format string, x float64) string {
	if x == 0 {
		return ""
	}
	return fmt.Sprintf(format, x)
}
