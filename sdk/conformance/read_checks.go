package conformance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/conformance/internal/proxy"
)

// readChecks are the checks of a role's reads: of users and groups, or of the state of
// a target.
func readChecks(role string) []check {
	on := func(f func(context.Context, *bench, kind) error) func(context.Context, *bench) error {
		return func(ctx context.Context, b *bench) error {
			for _, k := range kindsOf(role) {
				if err := f(ctx, b, k); err != nil {
					return err
				}
			}
			return nil
		}
	}
	const seeded, faulty = needConfig | needRemote, needConfig | needRemote | needProxy
	return []check{
		{id: role + ".pages", role: role, needs: seeded, slow: true, title: "Every record is read once, whether 0, 1, a page, one less, one more, or many pages",
			look: "the condition that ends the listing, and the cursor of a page that is exactly full", run: on(pages)},
		{id: role + ".ids", role: role, needs: seeded, title: "Ids are not empty, and the same at every read and in every process",
			look: "where the id comes from: it must be the remote system's own, never a position or a name that may change", run: on(stableIDs)},
		{id: role + ".ending", role: role, needs: seeded, title: "A read ends once, in Complete with the number of records sent, and nothing follows",
			look: "Complete.count, and what is sent after it", run: on(ending)},
		{id: role + ".page-limits", role: role, needs: seeded, title: "Messages stay below 1 MiB and 500 records, and below the page size that is asked for",
			look: "how many records are put into one message", run: on(pageLimits)},
		{id: role + ".two-reads", role: role, needs: seeded, title: "Two reads at once both see everything",
			look: "state that reads share: cursors, counters, buffers", run: on(twoReads)},
		{id: role + ".failure", role: role, needs: faulty, slow: true, title: "A failure in the middle ends in Failure, never in Complete",
			look: "errors of later pages: a read that could not be whole must say so, or everyone it did not show counts as gone", run: on(failureInTheMiddle)},
		{id: role + ".cut-body", role: role, needs: faulty, title: "An answer that breaks off costs no record",
			look: "half an answer must not pass for a whole one: compare with Content-Length, and let the decoder see the end", run: on(cutBody)},
		{id: role + ".slow", role: role, needs: faulty, slow: true, title: "A slow answer costs no record",
			look: "what happens when a request takes longer than usual: it may be made again or fail, but not be left out", run: on(slowAnswer)},
		{id: role + ".repeated-cursor", role: role, needs: faulty, title: "A listing that goes round in a circle is noticed",
			look: "a cursor that comes a second time: the listing would never end and never be whole", run: on(repeatedCursor)},
		{id: role + ".empty-page", role: role, needs: faulty, title: "An empty page that names a next one does not end the listing",
			look: "the condition that ends the listing: the cursor, not the number of records", run: on(oddPage(proxy.EmptyPage))},
		{id: role + ".duplicate-page", role: role, needs: faulty, title: "A page that comes twice is sent once",
			look: "records whose id was sent already in this read: leave them out", run: on(oddPage(proxy.DuplicatePage))},
		{id: role + ".unknown-fields", role: role, needs: faulty, title: "Fields that nobody has heard of change nothing",
			look: "a decoder that refuses unknown fields", run: on(oddPage(proxy.UnknownFields))},
		{id: role + ".rate-limit", role: role, needs: faulty, slow: true, title: "A rate limit is honoured",
			look: "429 with Retry-After: make the request again, and not before that time", run: on(rateLimit)},
		{id: role + ".waiting", role: role, needs: faulty, slow: true, title: "Waiting for a rate limit is reported as Waiting",
			look: "while a rate limit is waited for, send Waiting with the reason and the time", run: on(waiting)},
	}
}

// page is how many records a page of the fake has.
func (b *bench) page() int {
	if b.fake.Page > 0 {
		return b.fake.Page
	}
	return 100
}

// many is a company of more than two pages of everything.
func (b *bench) many() *Company {
	if b.crowd == nil {
		b.crowd = crowd(2*b.page()+1, 2*b.page()+1)
	}
	return b.crowd
}

// again reads once, in the lane's process.
func (b *bench) again(ctx context.Context, k kind, q request) (*reading, error) {
	s, err := b.connector(ctx)
	if err != nil {
		return nil, err
	}
	return read(ctx, s, k, q), nil
}

// reads is an error unless a read shows all of the world.
func (b *bench) reads(ctx context.Context, k kind, w *world) error {
	r, err := b.again(ctx, k, request{})
	if err != nil {
		return err
	}
	return w.state.agrees(r)
}

func pages(ctx context.Context, b *bench, k kind) error {
	p := b.page()
	tried := 0
	for _, n := range []int{0, 1, p - 1, p, p + 1, 3*p + 1} {
		c := crowd(n, 0)
		if k == readGroups {
			c = crowd(1, n)
		}
		w, err := b.seed(ctx, c)
		if why, skip := asSkip(err); skip {
			b.sawf("%s, %d records: %s", k, n, why)
			continue
		}
		if err == nil {
			err = b.reads(ctx, k, w)
		}
		if err != nil {
			return fmt.Errorf("with %d records seeded, of which %d are a page: %w", n, p, err)
		}
		tried++
	}
	if tried == 0 {
		return Skip("the fake takes none of the sizes")
	}
	return nil
}

func stableIDs(ctx context.Context, b *bench, k kind) error {
	if _, err := b.seed(ctx, cast); err != nil {
		return err
	}
	var before []string
	for turn := range 3 {
		if turn == 2 {
			b.end() // the third read is another process's
		}
		r, err := b.again(ctx, k, request{})
		if err == nil {
			err = r.whole()
		}
		if err != nil {
			return err
		}
		ids := idsOf(r)
		if contains(ids, "") {
			return fmt.Errorf("a record of the read of %s has no id", k)
		}
		if turn > 0 {
			if err := sameSet(fmt.Sprintf("ids of %s in read %d, compared with the one before", k, turn+1), before, ids); err != nil {
				return err
			}
		}
		before = ids
	}
	b.sawf("%d ids of %s", len(before), k)
	return nil
}

// idsOf are the ids of all records of a read.
func idsOf(r *reading) []string {
	var ids []string
	for _, u := range r.users {
		ids = append(ids, u.GetId())
	}
	for _, g := range r.groups {
		ids = append(ids, g.GetId())
	}
	return ids
}

func ending(ctx context.Context, b *bench, k kind) error {
	if _, err := b.seed(ctx, cast); err != nil {
		return err
	}
	r, err := b.again(ctx, k, request{})
	if err == nil {
		err = r.whole()
	}
	if err != nil {
		return err
	}
	sent := uint64(len(r.users) + len(r.groups))
	switch c := r.complete; {
	case r.ends != 1:
		return fmt.Errorf("the read of %s said %d times that it was over", k, r.ends)
	case r.after > 0:
		return fmt.Errorf("the read of %s sent %d messages after its end", k, r.after)
	case c.GetCount() != sent:
		return fmt.Errorf("the Complete of %s counts %d records, and %d were sent", k, c.GetCount(), sent)
	case c.RemoteTotal != nil && c.GetRemoteTotal() < sent:
		return fmt.Errorf("the Complete of %s says that the remote system has %d records, and %d were sent", k, c.GetRemoteTotal(), sent)
	}
	return nil
}

// The most that one message of a read may hold.
const (
	mostBytes   = 1 << 20
	mostRecords = 500
	smallPage   = 7
)

func pageLimits(ctx context.Context, b *bench, k kind) error {
	w, err := b.seed(ctx, b.many())
	if err != nil {
		return err
	}
	for _, size := range []int{0, smallPage} {
		r, err := b.again(ctx, k, request{size: uint32(size)})
		if err == nil {
			err = w.state.agrees(r)
		}
		if err != nil {
			return err
		}
		most := mostRecords
		if size > 0 {
			most = size
		}
		if r.largest > mostBytes || r.most > most {
			return fmt.Errorf("the read of %s, asked for pages of %d, sent messages of up to %d records and %d bytes", k, size, r.most, r.largest)
		}
	}
	return nil
}

func twoReads(ctx context.Context, b *bench, k kind) error {
	w, err := b.seed(ctx, b.many())
	if err != nil {
		return err
	}
	s, err := b.connector(ctx)
	if err != nil {
		return err
	}
	other := make(chan *reading, 1)
	go func() { other <- read(ctx, s, k, request{}) }()
	first := read(ctx, s, k, request{})
	return errors.Join(w.state.agrees(first), w.state.agrees(<-other))
}

// faulty reads while the fake misbehaves.
func (b *bench) faulty(ctx context.Context, k kind, f *proxy.Fault) (*world, *reading, error) {
	w, err := b.seed(ctx, b.many())
	if err != nil {
		return nil, nil, err
	}
	if _, err := b.connector(ctx); err != nil {
		return nil, nil, err
	}
	b.misbehave(f)
	r, err := b.again(ctx, k, request{})
	if err == nil {
		err = fired(f)
	}
	return w, r, err
}

func failureInTheMiddle(ctx context.Context, b *bench, k kind) error {
	for _, status := range []int{http.StatusForbidden, http.StatusInternalServerError} {
		_, r, err := b.faulty(ctx, k, &proxy.Fault{Kind: proxy.Status, Status: status, AfterPage: true})
		if err == nil {
			err = r.broken()
		}
		if err != nil {
			return fmt.Errorf("%d after the first page: %w", status, err)
		}
	}
	return nil
}

// wholeOrBroken is an error unless the read shows everything or says that it failed.
func wholeOrBroken(w *world, r *reading) error {
	if r.failure != nil {
		return r.broken()
	}
	return w.state.agrees(r)
}

func cutBody(ctx context.Context, b *bench, k kind) error {
	w, r, err := b.faulty(ctx, k, &proxy.Fault{Kind: proxy.Cut, AfterPage: true, Times: 1})
	if err != nil {
		return err
	}
	return wholeOrBroken(w, r)
}

// slowness is longer than impatient clients wait.
const slowness = 3 * time.Second

func slowAnswer(ctx context.Context, b *bench, k kind) error {
	w, r, err := b.faulty(ctx, k, &proxy.Fault{Kind: proxy.Slow, Delay: slowness, AfterPage: true, Times: 1})
	if err != nil {
		return err
	}
	return wholeOrBroken(w, r)
}

// circles is how often a cursor may come before it is clear that nobody minds.
const circles = 50

func repeatedCursor(ctx context.Context, b *bench, k kind) error {
	if _, err := b.seed(ctx, b.many()); err != nil {
		return err
	}
	if _, err := b.connector(ctx); err != nil {
		return err
	}
	f := &proxy.Fault{Kind: proxy.RepeatCursor}
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	f.Often(circles, cancel)
	b.misbehave(f)
	r, err := b.again(limited, k, request{})
	if err == nil {
		err = fired(f)
	}
	if err != nil {
		return err
	}
	if f.Fired() >= circles {
		return fmt.Errorf("the same cursor was followed %d times", f.Fired())
	}
	return r.broken()
}

// oddPage expects that a page which is odd but harmless changes nothing.
func oddPage(what proxy.Kind) func(context.Context, *bench, kind) error {
	return func(ctx context.Context, b *bench, k kind) error {
		times := 1
		if what == proxy.UnknownFields {
			times = 0
		}
		w, r, err := b.faulty(ctx, k, &proxy.Fault{Kind: what, Times: times})
		if err != nil {
			return err
		}
		return w.state.agrees(r)
	}
}

// retryAfter is a wait that is worth telling.
const retryAfter = 2 * time.Second

func (b *bench) limited(ctx context.Context, k kind) (*world, *reading, *proxy.Fault, error) {
	f := &proxy.Fault{Kind: proxy.Status, Status: http.StatusTooManyRequests, RetryAfter: retryAfter, AfterPage: true, Times: 1}
	w, r, err := b.faulty(ctx, k, f)
	return w, r, f, err
}

func rateLimit(ctx context.Context, b *bench, k kind) error {
	w, r, f, err := b.limited(ctx, k)
	if err != nil {
		return err
	}
	if early := f.Early(); len(early) > 0 {
		return fmt.Errorf("%s was made again before Retry-After (%s) was over", some(early), retryAfter)
	}
	if r.failure.GetReason() == pb.Failure_REASON_RATE_LIMITED && r.failure.GetRetryAfter().AsDuration() > 0 {
		return r.broken() // the gateway does the waiting
	}
	return w.state.agrees(r)
}

func waiting(ctx context.Context, b *bench, k kind) error {
	_, r, _, err := b.limited(ctx, k)
	if err != nil {
		return err
	}
	if len(r.waits) == 0 {
		return fmt.Errorf("the read of %s was told to wait for %s, and said nothing of it", k, retryAfter)
	}
	return nil
}
