package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"syncgateway/examples/synthetic/crowd"
)

// The rows, as the goals and comparisons know them.
const (
	rowFirstPlan    = "first sync: plan"
	rowFirstApply   = "first sync: apply"
	rowSlowTarget   = "slow target: 50 ms a call"
	rowAdopt        = "first sync: all there, apply"
	rowReadBack     = "read back"
	rowUnchanged    = "unchanged"
	rowPercentPlan  = "1 % changed: plan"
	rowPercentApply = "1 % changed: apply"
	rowDeltaPlan    = "delta of 100: plan"
	rowDeltaApply   = "delta of 100: apply"
	rowApply        = "apply: target of 0 ms"
	rowApplyLatency = "apply: target of 20 ms"
	rowApplyRate    = "apply: target of 1000 calls/s"
)

// How the synthetic target works: batchesAtOnce and batchSize are what it declares.
const (
	inFlight      = 8
	batchesAtOnce = 2
	batchSize     = 1000
)

// bench measures one size.
type bench struct {
	o      options
	dir    string
	size   crowd.Size
	report *Report
	out    *table

	readSource, readTarget, written float64 // floors
	revision                        int     // of what changed in the source
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

func (b *bench) newRow(run string) *Row {
	return &Row{Users: b.size.Users, Memberships: b.size.Users * b.size.PerUser, Run: run, Goal: goalOf(run, b.size.Users)}
}

func (b *bench) add(r *Row) {
	b.report.Rows = append(b.report.Rows, r)
	b.out.row(r)
}

// run measures one run and adds its row. adjust, which may be nil, sees the row before
// it is printed.
func (b *bench) run(d *daemon, name string, floor float64, q request, adjust func(*Row, *stages)) error {
	before, err := d.before()
	if err != nil {
		return err
	}
	var st stages
	start := time.Now()
	row := b.newRow(name)
	if row.Summary, err = d.call(q, st.take(d)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	row.Wall, row.Floor = time.Since(start).Seconds(), floor
	after, err := d.after()
	if err != nil {
		return err
	}
	row.Processes = since(before, after)
	if adjust != nil {
		adjust(row, &st)
	}
	b.add(row)
	return nil
}

// full and delta are the runs; brief answers leave the plan out.
func full(apply bool) request {
	return request{Sync: "bench", Mode: "full", Apply: apply, Brief: true}
}

func delta(apply bool) request {
	return request{Sync: "bench", Mode: "delta", Apply: apply, Brief: true}
}

// with starts a daemon and its plugins, and calls f.
func (b *bench) with(target crowd.Size, f func(*daemon) error) error {
	d, err := startDaemon(b, target)
	if err != nil {
		return err
	}
	return errors.Join(f(d), d.stop())
}

// first is about the first sync of an empty target.
func (b *bench) first() error {
	defer b.forget()
	err := b.with(crowd.Size{}, func(d *daemon) error {
		if err := b.run(d, rowFirstPlan, b.readSource+b.written, full(false), nil); err != nil {
			return err
		}
		if err := b.tell("target.json", `{"latency":"50ms"}`); err != nil {
			return err
		}
		return errors.Join(b.watchSlow(d), b.tell("target.json", `{}`))
	})
	if err != nil || !b.o.whole {
		return err
	}
	b.forget()
	return b.with(crowd.Size{}, func(d *daemon) error {
		return b.run(d, rowFirstApply, b.readSource+b.written, full(true), func(r *Row, st *stages) { st.perOperation(r) })
	})
}

// watchSlow applies to a target that is far slower than the gateway, for a while: what
// waits must not pile up in the host.
func (b *bench) watchSlow(d *daemon) error {
	before, err := d.before()
	if err != nil {
		return err
	}
	row := b.newRow(rowSlowTarget)
	st := stages{anew: true}
	if err := d.callFor(b.o.slow, full(true), st.take(d)); err != nil {
		return err
	}
	row.Wall = time.Since(st.began).Seconds()
	after, err := d.after()
	if err != nil {
		return err
	}
	row.Processes, row.Operations = since(before, after), st.done
	row.Summary = fmt.Sprintf("%d of %d operations, then broken off", st.done, st.total)
	b.add(row)
	return nil
}

// later is about syncs of a target that has everybody. Each process starts anew before
// a row whose peak of memory matters.
func (b *bench) later() error {
	reads := b.readSource + b.readTarget
	if err := b.with(b.size, func(d *daemon) error {
		if err := b.run(d, rowAdopt, reads+b.written, full(true), nil); err != nil {
			return err
		}
		return b.run(d, rowReadBack, reads, full(false), nil)
	}); err != nil {
		return err
	}
	if err := b.with(b.size, func(d *daemon) error { return b.run(d, rowUnchanged, reads, full(false), nil) }); err != nil {
		return err
	}
	return b.with(b.size, func(d *daemon) error { return errors.Join(b.changes(d, reads), b.applies(d)) })
}

func (b *bench) changes(d *daemon, reads float64) error {
	if err := b.change(max(1, b.size.Users/100)); err != nil {
		return err
	}
	if err := b.run(d, rowPercentPlan, reads, full(false), nil); err != nil {
		return err
	}
	if err := b.run(d, rowPercentApply, reads, full(true), nil); err != nil {
		return err
	}
	if err := b.change(100); err != nil {
		return err
	}
	if err := b.run(d, rowDeltaPlan, 0, delta(false), nil); err != nil {
		return err
	}
	return b.run(d, rowDeltaApply, 0, delta(true), nil)
}

// change changes so many people in the source.
func (b *bench) change(people int) error {
	b.revision++
	return b.tell("source.json", `{"revision":%d,"changed":%d}`, b.revision, people)
}

// applies is about carrying out as many updates as asked for.
func (b *bench) applies(d *daemon) error {
	n := min(b.o.applied, b.size.Users)
	const rate = 1000
	for _, x := range []struct {
		row     string
		control string
		bare    bool
	}{
		{rowApply, `{}`, true},
		{rowApplyLatency, `{"latency":"20ms"}`, true},
		{rowApplyRate, fmt.Sprintf(`{"rate":%d}`, rate), false},
	} {
		if err := b.tell("target.json", "%s", x.control); err != nil {
			return err
		}
		floor, of := float64(n)/rate, "the calls that are allowed"
		if x.bare {
			var err error
			if floor, err = b.bareApply(n); err != nil {
				return fmt.Errorf("a bare client: %w", err)
			}
			of = "a bare client with as many calls at once"
		}
		if err := b.change(n); err != nil {
			return err
		}
		err := b.run(d, x.row, floor, delta(true), func(r *Row, st *stages) {
			st.perOperation(r)
			r.Wall = st.applied()
			r.Share, r.ShareOf = floor/r.Wall, of
		})
		if err != nil {
			return err
		}
	}
	return nil
}
