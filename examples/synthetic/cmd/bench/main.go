// Command bench measures whole runs through real processes: the daemon, a synthetic
// source and a synthetic target. It prints wall time, CPU time and peak memory of each
// process as a table, and as JSON with -json. Linux only: it reads /proc.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	log.SetFlags(0)
	bin := flag.String("bin", "bin", "`directory` of the gateway binary, with plugins in plugins/")
	sizes := flag.String("sizes", "10000x10,100000x10", "people x groups of each person, several with commas")
	latency := flag.Duration("latency", 0, "how long each operation takes in the target")
	out := flag.String("json", "", "also write the figures to this `file`")
	flag.Parse()
	var rows []Row
	for _, size := range strings.Split(*sizes, ",") {
		more, err := measure(*bin, size, *latency)
		if err != nil {
			log.Fatalf("bench %s: %v", size, err)
		}
		rows = append(rows, more...)
	}
	if *out != "" {
		if err := writeJSON(*out, rows); err != nil {
			log.Fatal(err)
		}
	}
}

func writeJSON(path string, rows []Row) error {
	b, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

// Row is one measured run.
type Row struct {
	People      int       `json:"people"`
	Memberships int       `json:"memberships"`
	Run         string    `json:"run"`
	Wall        float64   `json:"wall_seconds"`
	Processes   []Process `json:"processes"`
	Summary     string    `json:"summary"`
}

// Process is what one process used during a run.
type Process struct {
	Name   string  `json:"name"`
	CPU    float64 `json:"cpu_seconds"`
	PeakMB float64 `json:"peak_mb"`
}

// scenario is one run to measure.
type scenario struct {
	name    string
	control string // what the source is told before
	mode    string
	apply   bool
}

func scenarios(people int) []scenario {
	percent := strconv.Itoa(max(1, people/100))
	return []scenario{
		{"first plan", ``, "full", false},
		{"first apply", ``, "full", true},
		{"read back", ``, "full", false},
		{"unchanged", ``, "full", false},
		{"1 % changed, plan", `{"revision":1,"changed":` + percent + `}`, "full", false},
		{"1 % changed, apply", `{"revision":1,"changed":` + percent + `}`, "full", true},
		{"delta of 100, plan", `{"revision":2,"changed":100}`, "delta", false},
		{"delta of 100, apply", `{"revision":2,"changed":100}`, "delta", true},
	}
}

func measure(bin, size string, latency time.Duration) ([]Row, error) {
	var people, perUser int
	if _, err := fmt.Sscanf(size, "%dx%d", &people, &perUser); err != nil {
		return nil, fmt.Errorf("a size is PEOPLExGROUPS: %w", err)
	}
	dir, err := os.MkdirTemp("", "gateway-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	d, err := startDaemon(bin, dir, people, perUser, latency)
	if err != nil {
		return nil, err
	}
	defer d.stop()
	fmt.Printf("\n%d people, %d memberships, target latency %s\n", people, people*perUser, latency)
	fmt.Printf("%-22s %9s", "run", "wall s")
	for _, name := range d.names() {
		fmt.Printf("  %20s", name)
	}
	fmt.Printf("\n%-22s %9s%s\n", "", "", strings.Repeat("       cpu s   peak MB", 3))
	var rows []Row
	for _, s := range scenarios(people) {
		row, err := d.run(s)
		if err != nil {
			return rows, fmt.Errorf("%s: %w", s.name, err)
		}
		row.People, row.Memberships = people, people*perUser
		row.print()
		rows = append(rows, row)
	}
	return rows, nil
}

func (r *Row) print() {
	fmt.Printf("%-22s %9.3f", r.Run, r.Wall)
	for _, p := range r.Processes {
		fmt.Printf("  %10.3f %9.1f", p.CPU, p.PeakMB)
	}
	fmt.Printf("  %s\n", r.Summary)
}

// run measures one scenario.
func (d *daemon) run(s scenario) (Row, error) {
	if s.control != "" {
		if err := os.WriteFile(filepath.Join(d.dir, "control.json"), []byte(s.control), 0o600); err != nil {
			return Row{}, err
		}
	}
	before, err := d.usage(true)
	if err != nil {
		return Row{}, err
	}
	start := time.Now()
	summary, err := d.call(s.mode, s.apply)
	if err != nil {
		return Row{}, err
	}
	row := Row{Run: s.name, Wall: time.Since(start).Seconds(), Summary: summary}
	after, err := d.usage(false)
	if err != nil {
		return Row{}, err
	}
	for i, p := range after {
		row.Processes = append(row.Processes, Process{Name: p.Name, CPU: p.CPU - before[i].CPU, PeakMB: p.PeakMB})
	}
	return row, nil
}

// errHeld is for runs that the guard stopped: a benchmark that measures nothing.
var errHeld = errors.New("the guard held the plan")
