package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/conformance/internal/plug"
)

// run is one run of the kit.
type run struct {
	o      Options
	binary *plug.Binary
	heard  *plug.Heard
	about  *pb.DescribeResponse
	dir    string

	mu     sync.Mutex
	report Report
}

// all does the checks in lanes, each with a fake and processes of its own.
func (r *run) all(ctx context.Context) (*Report, error) {
	began := time.Now()
	dir, err := os.MkdirTemp("", "kit")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	r.dir = dir
	chosen := r.chosen(r.describe(ctx))
	lanes := make([]*bench, min(r.o.Lanes, max(len(chosen), 1)))
	for i := range lanes {
		lanes[i] = &bench{run: r, lane: i}
	}
	early, late := split(chosen)
	r.work(ctx, lanes, early)
	r.work(ctx, lanes[:1], late)
	for _, b := range lanes {
		b.close()
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	order := map[string]int{}
	for i, c := range chosen {
		order[c.id] = i
	}
	slices.SortFunc(r.report.Checks, func(a, b Result) int { return cmp.Compare(order[a.ID], order[b.ID]) })
	r.report.Duration = time.Since(began)
	return &r.report, nil
}

// describe asks the connector what it is. A connector that cannot say it has no role.
func (r *run) describe(ctx context.Context) error {
	s, err := plug.Start(ctx, r.binary, r.heard)
	if err != nil {
		return err
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	d, err := pb.NewPluginServiceClient(s.Conn).Describe(ctx, &pb.DescribeRequest{HostVersion: "conformance kit " + Version})
	if err != nil {
		return fmt.Errorf("it does not describe itself: %w", err)
	}
	r.about = d
	r.report.Type, r.report.Version = d.GetType(), d.GetVersion()
	for _, role := range d.GetRoles() {
		r.report.Roles = append(r.report.Roles, strings.ToLower(strings.TrimPrefix(role.String(), "ROLE_")))
	}
	return nil
}

// chosen are the checks that concern the connector. When it did not start, that is all
// there is to say.
func (r *run) chosen(broken error) []check {
	var out []check
	for _, c := range table() {
		wanted := c.role == roleAll || contains(r.report.Roles, c.role) && (len(r.o.Roles) == 0 || contains(r.o.Roles, c.role))
		if wanted && selected(r.o.Only, c.id) {
			out = append(out, c)
		}
	}
	if broken == nil {
		return out
	}
	for i := range out {
		err := Skip("the connector does not start")
		if out[i].id == idStarts {
			err = broken
		}
		out[i].needs, out[i].run = 0, func(context.Context, *bench) error { return err }
	}
	return out
}

func split(all []check) (early, late []check) {
	for _, c := range all {
		if c.last {
			late = append(late, c)
		} else {
			early = append(early, c)
		}
	}
	slices.SortStableFunc(early, func(a, b check) int { return rank(a) - rank(b) })
	return early, late
}

func rank(c check) int {
	if c.slow {
		return 0
	}
	return 1
}

func (r *run) work(ctx context.Context, lanes []*bench, checks []check) {
	queue := make(chan check)
	var done sync.WaitGroup
	for _, b := range lanes {
		done.Go(func() {
			for c := range queue {
				r.record(b.do(ctx, c))
			}
		})
	}
	for _, c := range checks {
		if ctx.Err() != nil {
			break
		}
		queue <- c
	}
	close(queue)
	done.Wait()
}

func (r *run) record(row Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Checks = append(r.report.Checks, row)
	if r.o.Observe != nil {
		r.o.Observe(row)
	}
}

// checkTime is how long one check may take.
const checkTime = 45 * time.Second

// do does one check and leaves the lane as a new one.
func (b *bench) do(ctx context.Context, c check) Result {
	row := Result{ID: c.id, Role: c.role, Title: c.title}
	began := time.Now()
	limited, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	b.seen = nil
	err := b.ready(limited, c)
	if err == nil {
		err = c.run(limited, b)
	}
	if limited.Err() != nil && ctx.Err() == nil {
		err = errors.Join(fmt.Errorf("it was not over after %s", checkTime), err)
	}
	b.calm()
	why, skip := asSkip(err)
	switch {
	case err == nil:
		row.Outcome, row.Detail = Passed, strings.Join(b.seen, "; ")
	case skip:
		row.Outcome, row.Detail = Skipped, why
	default:
		row.Outcome, row.Look, row.Detail = Failed, c.look, err.Error()
		if s := b.session; s != nil && !s.Alive(ctx) {
			row.Detail += "\nthe process has ended; its last words: " + s.Log()
		}
		b.end()
	}
	row.Detail = b.run.heard.Hide(row.Detail)
	row.Duration = time.Since(began)
	return row
}
