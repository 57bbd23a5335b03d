// Command bench measures whole runs through real processes: the daemon, a synthetic
// source and a synthetic target; and, in the same minute on the same machine, floors
// below which no gateway could get. It prints a table, and JSON with -json. Linux only:
// it reads /proc.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"syncgateway/examples/synthetic/crowd"
)

// options are what a bench is to do.
type options struct {
	bin     string        // with the gateway, plugins/, and floor-sqlite.test
	whole   bool          // apply a whole first sync, too
	profile string        // directory for profiles of all processes
	applied int           // operations of the rows about applying
	slow    time.Duration // how long the slow target is watched
}

func main() {
	log.SetFlags(0)
	var o options
	flag.StringVar(&o.bin, "bin", "bin", "`directory` with the gateway, plugins/ and floor-sqlite.test")
	sizes := flag.String("size", "10k,100k", "how many people, each in ten groups: 10k, 1m, or 20000x5 for five")
	flag.BoolVar(&o.whole, "whole", false, "apply the whole first sync, too, to the target without and with latency")
	flag.IntVar(&o.applied, "operations", 10_000, "operations in the rows about applying")
	flag.DurationVar(&o.slow, "slow", 10*time.Second, "how long to watch the slow target")
	flag.StringVar(&o.profile, "profile", "", "write profiles of the gateway and its plugins into this `directory`")
	out := flag.String("json", "", "also write the figures to this `file`")
	against := flag.String("against", "", "compare with the figures in this `file`")
	flag.Parse()
	report := newReport()
	for size := range strings.SplitSeq(*sizes, ",") {
		if err := measure(o, size, report); err != nil {
			log.Fatalf("bench %s: %v", size, err)
		}
	}
	if *out != "" {
		if err := report.write(*out); err != nil {
			log.Fatal(err)
		}
	}
	if *against != "" {
		if err := report.compare(os.Stdout, *against); err != nil {
			log.Fatal(err)
		}
	}
}

// parseSize reads "100k" or "20000x5".
func parseSize(text string) (crowd.Size, error) {
	people, each, given := strings.Cut(strings.ToLower(strings.TrimSpace(text)), "x")
	s := crowd.Size{PerUser: 10}
	var err error
	if given {
		s.PerUser, err = strconv.Atoi(each)
	}
	times := 1
	if digits, ok := strings.CutSuffix(people, "k"); ok {
		people, times = digits, 1000
	} else if digits, ok := strings.CutSuffix(people, "m"); ok {
		people, times = digits, 1_000_000
	}
	n, nerr := strconv.Atoi(people)
	if err = errors.Join(err, nerr); err != nil || n < 1 || s.PerUser < 1 {
		return s, fmt.Errorf("%q is no size: 100k, or 20000x5", text)
	}
	s.Users = n * times
	const crowded = 100 // people make a group, about
	s.Groups = max(s.PerUser, s.Users/crowded)
	return s, nil
}

func measure(o options, text string, report *Report) error {
	size, err := parseSize(text)
	if err != nil {
		return err
	}
	if o.bin, err = filepath.Abs(o.bin); err != nil {
		return err
	}
	if o.profile != "" {
		if o.profile, err = filepath.Abs(o.profile); err != nil {
			return err
		}
	}
	dir, err := os.MkdirTemp("", "gateway-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{o: o, dir: dir, size: size, report: report, out: newTable(os.Stdout, size)}
	if err := b.floors(); err != nil {
		return fmt.Errorf("floors: %w", err)
	}
	return errors.Join(b.first(), b.later())
}
