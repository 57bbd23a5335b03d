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
	"runtime/pprof"

	"syncgateway/core/chaos"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
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
	which, err := chaos.ParseSeeds(*seeds)
	if err != nil {
		return err
	}
	if *names != "" {
		return catch(ctx, *names, *bin, *seeds)
	}
	o := chaos.FastOptions{Plugins: filepath.Join(*bin, "plugins"), Scratch: *scratch, Seeds: which, Workers: *workers, Out: os.Stdout}
	if *caught {
		o.Out = io.Discard
		o.Stop = func(r *chaos.Report) bool { return len(r.Failures) > 0 }
	}
	report, err := chaos.RunFast(ctx, o)
	if *caught && err == nil {
		return tellCaught(report)
	}
	if report != nil {
		report.Table(os.Stdout, "In this process, over the real contract", "make chaos SEEDS=%d")
	}
	if err == nil && len(report.Failures) > 0 {
		err = fmt.Errorf("%d of %d seeds failed", len(report.Failures), report.Seeds)
	}
	return err
}

// scratchDir is in memory where the system has such a place.
func scratchDir() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return os.TempDir()
}
