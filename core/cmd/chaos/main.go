// Command chaos runs the chaos corpus: docs/chaos.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"runtime/pprof"
	"strings"

	"syncgateway/core/chaos"
)

// gcPercent trades memory for time.
const gcPercent = 400

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	debug.SetGCPercent(gcPercent) // many small heaps, one after the other
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	seeds := flag.String("seeds", "1-1000", "one seed, or a range of them")
	bin := flag.String("bin", "bin/chaos", "where the binaries are")
	scratch := flag.String("scratch", scratchDir(), "directory for databases")
	workers := flag.Int("workers", 2, "seeds at a time")
	caught := flag.Bool("until-wrong", false, "end at the first seed that the oracle objects to")
	names := flag.String("planted", "", "build with planted violations, and run until each of these is caught: all, or names with commas")
	processes := flag.String("processes", "", "rounds through real processes: so many, or a range; a round begins with those before it in its block of 20")
	profile := flag.String("cpuprofile", "", "write a CPU profile here")
	flag.Parse()
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	if *names != "" {
		return catch(ctx, *names, *bin, *seeds)
	}
	failed := 0
	if *seeds != "" {
		report, err := fast(ctx, *seeds, chaos.FastOptions{Plugins: filepath.Join(*bin, "plugins"), Scratch: *scratch, Workers: *workers, Out: os.Stdout}, *caught)
		if err != nil || *caught {
			return err
		}
		failed += len(report.Failures)
	}
	if *processes != "" {
		if !strings.Contains(*processes, "-") { // so many
			*processes = "1-" + *processes
		}
		rounds, err := chaos.ParseSeeds(*processes)
		if err != nil {
			return err
		}
		report, err := chaos.RunProcesses(ctx, chaos.ProcessOptions{Bin: *bin, Scratch: *scratch, Rounds: rounds, Workers: *workers, Out: os.Stdout})
		report.Table(os.Stdout, "Through real processes, with real kills", "make chaos SEEDS= PROCESSES=%[1]d-%[1]d")
		if err != nil {
			return err
		}
		failed += len(report.Failures)
	}
	if failed > 0 {
		return fmt.Errorf("the oracle objects to %d seeds", failed)
	}
	return nil
}

// fast runs seeds in this process.
func fast(ctx context.Context, seeds string, o chaos.FastOptions, untilWrong bool) (*chaos.Report, error) {
	var err error
	if o.Seeds, err = chaos.ParseSeeds(seeds); err != nil {
		return nil, err
	}
	if untilWrong {
		o.Out = io.Discard
		o.Stop = func(r *chaos.Report) bool { return len(r.Failures) > 0 }
	}
	report, err := chaos.RunFast(ctx, o)
	if err == nil && untilWrong {
		return report, tellCaught(report)
	}
	if report != nil {
		report.Table(os.Stdout, "In this process, over the real contract", "make chaos SEEDS=%d")
	}
	return report, err
}

// scratchDir is in memory where the system has such a place.
func scratchDir() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return os.TempDir()
}
