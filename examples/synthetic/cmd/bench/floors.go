package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/encoding/protowire"

	"syncgateway/examples/synthetic/crowd"
)

// The floors: what the same work takes when nobody looks at what comes.

// sourceConfig and targetConfig are the connectors' blocks.
func (b *bench) sourceConfig() map[string]any {
	return map[string]any{"users": b.size.Users, "groups": b.size.Groups, "per_user": b.size.PerUser, "control": ""}
}

func (b *bench) targetConfig() map[string]any {
	return map[string]any{"users": b.size.Users, "groups": b.size.Groups, "per_user": b.size.PerUser, "in_flight": inFlight, "control": b.path("target.json")}
}

func (b *bench) plugin(name string) string {
	return filepath.Join(b.o.bin, "plugins", "gateway-synthetic-"+name)
}

// floors measures reading and writing.
func (b *bench) floors() error {
	var err error
	if b.readSource, err = b.streamed("source", b.sourceConfig(), "SourceService/ReadUsers", "SourceService/ReadGroups"); err != nil {
		return err
	}
	if b.readTarget, err = b.streamed("target", b.targetConfig(), "TargetService/ReadState"); err != nil {
		return err
	}
	b.written, err = b.sqlite()
	return err
}

// streamed is how long it takes to stream everything from a connector's process and
// throw it away: the better of two times.
func (b *bench) streamed(name string, config map[string]any, methods ...string) (float64, error) {
	p, err := startBare(b.plugin(name), config)
	if err != nil {
		return 0, err
	}
	defer p.stop()
	var best *Row
	for range 2 {
		row := b.newRow("floor: read the " + name + ", discard")
		before, err := processUsage(name, p.pid, true)
		if err != nil {
			return 0, err
		}
		start := time.Now()
		for _, m := range methods {
			if _, err := p.stream(service+m, nil, func([]byte) error { return nil }); err != nil {
				return 0, err
			}
		}
		row.Wall = time.Since(start).Seconds()
		after, err := processUsage(name, p.pid, false)
		if err != nil {
			return 0, err
		}
		row.Summary = fmt.Sprintf("%s: %.2f s CPU, %.0f MB", name, after.CPU-before.CPU, after.PeakMB)
		if best == nil || row.Wall < best.Wall {
			best = row
		}
	}
	b.add(best)
	return best.Wall, nil
}

// sqlite is how long SQLite takes for the rows of a first sync.
func (b *bench) sqlite() (float64, error) {
	cmd := exec.Command(filepath.Join(b.o.bin, "floor-sqlite.test"), "-test.run", "^$", "-test.bench", "Floor", "-test.benchtime", "1x",
		"-floor.users", strconv.Itoa(b.size.Users), "-floor.groups", strconv.Itoa(b.size.Groups), "-floor.each", strconv.Itoa(b.size.PerUser))
	cmd.Dir = b.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, out)
	}
	took := 0.0
	for _, m := range regexp.MustCompile(`(?m)^Benchmark\S+\s+\d+\s+(\d+(?:\.\d+)?) ns/op`).FindAllSubmatch(out, -1) {
		ns, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			return 0, err
		}
		took += ns / 1e9
	}
	if took == 0 {
		return 0, fmt.Errorf("the benchmark said nothing: %s", out)
	}
	row := b.newRow("floor: write the rows with SQLite")
	row.Wall = took
	b.add(row)
	return took, nil
}

// The numbers of the contract that a bare client needs.
const (
	operationUpdateUser = 2
	departmentName      = "department"
)

// bareApply is how long a client without a journal takes for n updates, with the calls
// and batches that the gateway makes.
func (b *bench) bareApply(n int) (float64, error) {
	p, err := startBare(b.plugin("target"), b.targetConfig())
	if err != nil {
		return 0, err
	}
	defer p.stop()
	var g errgroup.Group
	g.SetLimit(batchesAtOnce)
	start := time.Now()
	for from := 0; from < n; from += batchSize {
		req := updates(from, min(from+batchSize, n))
		g.Go(func() error {
			answers := 0
			_, err := p.stream(service+"TargetService/Apply", req, func([]byte) error { answers++; return nil })
			if want := min(batchSize, n-from); err == nil && answers != want {
				err = fmt.Errorf("%d results for %d operations", answers, want)
			}
			return err
		})
	}
	err = g.Wait()
	return time.Since(start).Seconds(), err
}

// updates is an ApplyRequest that gives accounts another department.
func updates(from, to int) []byte {
	req := field(nil, 1, []byte("bare"))
	attribute := field(field(nil, 1, []byte(departmentName)), 2, []byte("another"))
	for i := from; i < to; i++ {
		op := field(nil, 1, []byte(strconv.Itoa(i)))
		op = protowire.AppendVarint(protowire.AppendTag(op, 2, protowire.VarintType), operationUpdateUser)
		op = field(op, 3, field(field(nil, 1, []byte(crowd.ID("a", i))), 8, attribute))
		op = field(op, 6, []byte("attributes."+departmentName))
		req = field(req, 2, op)
	}
	return req
}

// tell writes a control file, which the connectors read before every call.
func (b *bench) tell(name, format string, args ...any) error {
	var text bytes.Buffer
	fmt.Fprintf(&text, format, args...)
	return os.WriteFile(b.path(name), text.Bytes(), 0o600)
}
