package chaos

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// FastOptions say which seeds RunFast runs, and where.
type FastOptions struct {
	Plugins string // directory of the plugin binaries
	Scratch string // directory for databases
	Seeds   Seeds
	Workers int
	Out     io.Writer          // progress, and the story of a single seed
	Stop    func(*Report) bool // ends the corpus early; may be nil
}

// progressEvery is how often the state is printed.
const progressEvery = 15 * time.Second

// RunFast runs the seeds, several at a time.
func RunFast(ctx context.Context, o FastOptions) (*Report, error) {
	c := &collector{report: NewReport(), out: o.Out, total: o.Seeds.Len(), told: time.Now(), stop: o.Stop}
	next := make(chan uint64)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(next)
		for seed := o.Seeds.First; seed <= o.Seeds.Last && !c.stopped(); seed++ {
			select {
			case next <- seed:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range min(max(o.Workers, 1), o.Seeds.Len()) {
		g.Go(func() error {
			f, err := NewFast(ctx, o.Plugins, o.Scratch)
			if err != nil {
				return err
			}
			defer f.Close()
			for seed := range next {
				x, err := f.Run(ctx, seed)
				if err != nil {
					return fmt.Errorf("seed %d: %w", seed, err)
				}
				c.add(x)
			}
			return nil
		})
	}
	err := g.Wait()
	return c.report, err
}

// ProcessOptions say which rounds RunProcesses runs, and where.
type ProcessOptions struct {
	Bin     string // directory of the binaries
	Scratch string // directory for data
	Rounds  Seeds  // a block is begun at its first round, whichever is asked for
	Workers int
	Out     io.Writer
}

// RunProcesses runs rounds through real processes, several blocks at a time.
func RunProcesses(ctx context.Context, o ProcessOptions) (*Report, error) {
	c := &collector{report: NewReport(), out: o.Out, total: o.Rounds.Len(), told: time.Now()}
	p := NewProcesses(o.Bin, o.Scratch)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(o.Workers, 1))
	for first := o.Rounds.First - (o.Rounds.First-1)%blockSize; first <= o.Rounds.Last; first += blockSize {
		g.Go(func() error { return p.Block(ctx, first, min(first+blockSize-1, o.Rounds.Last), c.add) })
	}
	err := g.Wait()
	return c.report, err
}

// collector takes results from several workers.
type collector struct {
	mu     sync.Mutex
	report *Report
	out    io.Writer
	total  int
	told   time.Time
	stop   func(*Report) bool
	done   bool
}

func (c *collector) stopped() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.done
}

func (c *collector) add(x *Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.Add(x)
	if c.stop != nil && c.stop(c.report) {
		c.done = true
	}
	if c.total == 1 || len(x.Wrong) > 0 && len(c.report.Failures) <= 3 && c.stop == nil {
		for _, line := range x.Story {
			fmt.Fprintf(c.out, "seed %d: %s\n", x.Seed, line)
		}
	}
	for i, wrong := range x.Wrong {
		if i < 5 && c.stop == nil {
			fmt.Fprintf(c.out, "seed %d: WRONG: %s\n", x.Seed, wrong)
		}
	}
	if time.Since(c.told) >= progressEvery {
		c.told = time.Now()
		fmt.Fprintf(c.out, "%d of %d seeds, %d runs, %d changes judged, %d failures\n", c.report.Seeds, c.total, c.report.Runs, c.report.Judged, len(c.report.Failures))
	}
}
