package chaos

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"syncgateway/core/chaos/remote"
)

// Report sums up the results of many seeds.
type Report struct {
	Seeds    int
	Runs     int
	Judged   int
	Fired    map[remote.Kind]int
	Failures []Failure
	Began    time.Time
	Took     time.Duration
}

// Failure is a seed that the oracle objected to.
type Failure struct {
	Seed  uint64
	Wrong []string
}

// NewReport starts without results.
func NewReport() *Report { return &Report{Fired: map[remote.Kind]int{}, Began: time.Now()} }

// Add takes in a result.
func (r *Report) Add(x *Result) {
	r.Seeds++
	r.Runs += x.Runs
	r.Judged += x.Judged
	for kind, n := range x.Fired {
		r.Fired[kind] += n
	}
	if len(x.Wrong) > 0 {
		r.Failures = append(r.Failures, Failure{x.Seed, x.Wrong})
	}
	r.Took = time.Since(r.Began)
}

// Table writes the closing table. replay is the command that runs one seed again, with
// a place for its number.
func (r *Report) Table(w io.Writer, what, replay string) {
	fmt.Fprintf(w, "\n%s\n  seeds              %8d\n  runs of the gateway%8d\n  changes judged     %8d\n  wall time          %8s (%.1f seeds a second)\n",
		what, r.Seeds, r.Runs, r.Judged, r.Took.Round(time.Second), float64(r.Seeds)/r.Took.Seconds())
	fmt.Fprintf(w, "  faults that happened:\n")
	kinds := slices.SortedFunc(maps.Keys(r.Fired), func(a, b remote.Kind) int { return cmp.Compare(a, b) })
	for _, kind := range kinds {
		fmt.Fprintf(w, "    %-24s %8d\n", kind, r.Fired[kind])
	}
	fmt.Fprintf(w, "  failures           %8d\n", len(r.Failures))
	for _, f := range r.Failures {
		fmt.Fprintf(w, "    seed %d: %s\n      replay: %s\n", f.Seed, f.Wrong[0], fmt.Sprintf(replay, f.Seed))
	}
}
