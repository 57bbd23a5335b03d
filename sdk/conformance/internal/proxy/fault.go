package proxy

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Kind names a way to misbehave.
type Kind string

// The kinds of fault.
const (
	Status        Kind = "status"         // answers with Status, and with Retry-After if set
	Cut           Kind = "cut_body"       // half of the body, then the connection closes
	Slow          Kind = "slow"           // answers after Delay
	Hold          Kind = "hold"           // does not answer
	Say           Kind = "say"            // answers 200 with Body
	Echo          Kind = "echo"           // refuses, and repeats the request with its credential
	RepeatCursor  Kind = "repeat_cursor"  // a page names the cursor that led to it
	EmptyPage     Kind = "empty_page"     // a page without records, after which the listing goes on
	DuplicatePage Kind = "duplicate_page" // a page comes twice, under two cursors
	UnknownFields Kind = "unknown_fields" // objects have fields that nobody has heard of
	LoseEffect    Kind = "lose_effect"    // something is changed, and the answer lost
	HoldEffects   Kind = "hold_effects"   // something is changed, and the next like it are held
)

// Fault is one way in which the fake misbehaves, and what it has done. A Fault is
// injected once.
type Fault struct {
	Kind       Kind
	AfterPage  bool // only after a page of a listing that has a next one
	Times      int  // how often it may fire; 0: always
	Status     int
	RetryAfter time.Duration
	Body       string
	Delay      time.Duration
	Dump       func() string // of the fake's whole state; for LoseEffect and HoldEffects

	mu      sync.Mutex
	fired   int
	page    bool // a page with a next one has passed
	ended   chan struct{}
	noticed chan struct{} // closed when it has fired
	dropped chan struct{} // closed when the client gave up a request that is held
	effect  *saved
	often   int // fired so often, enough is called
	enough  func()
	early   []string // requests made again before their time
	until   map[string]time.Time
}

func (t *Fault) begin() {
	t.ended, t.noticed, t.dropped = make(chan struct{}), make(chan struct{}), make(chan struct{})
	t.until = map[string]time.Time{}
}

func (t *Fault) end() { close(t.ended) }

// Fired is how often it has happened.
func (t *Fault) Fired() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.fired
}

// Noticed is closed when it has happened.
func (t *Fault) Noticed() <-chan struct{} { return t.noticed }

// Dropped is closed when a client has given up a request that was held.
func (t *Fault) Dropped() <-chan struct{} { return t.dropped }

// Early are the requests that were made again sooner than Retry-After allowed.
func (t *Fault) Early() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.early...)
}

// fires takes note that it happens, unless it may not any more.
func (t *Fault) fires() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.Times > 0 && t.fired >= t.Times {
		return false
	}
	if t.fired++; t.fired == 1 {
		close(t.noticed)
	}
	if t.fired == t.often {
		t.enough()
	}
	return true
}

// Often calls enough when the fault has happened n times. It is set before the fault is
// injected.
func (t *Fault) Often(n int, enough func()) { t.often, t.enough = n, enough }

func (t *Fault) ready() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.AfterPage || t.page
}

// request does what happens before the fake is asked, and reports whether that was
// all.
func (t *Fault) request(x *exchange) bool {
	t.patience(x)
	if !t.ready() {
		return false
	}
	switch t.Kind {
	case Status:
		return t.fires() && t.refuse(x)
	case Slow:
		if t.fires() {
			t.wait(x, t.Delay)
		}
	case Hold:
		return t.fires() && t.hold(x)
	case Say:
		return t.fires() && say(x, http.StatusOK, t.Body)
	case Echo:
		return t.fires() && say(x, t.Status, echo(x))
	case LoseEffect, HoldEffects:
		return x.asked.method != http.MethodGet && x.asked.method != http.MethodHead && t.watch(x)
	}
	return false
}

// slack is how much earlier than told a request may come: clocks are not the same.
const slack = 100 * time.Millisecond

// patience notices a request that was refused and comes again too soon.
func (t *Fault) patience(x *exchange) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if until, told := t.until[key(x)]; told && time.Now().Before(until.Add(-slack)) {
		t.early = append(t.early, x.asked.method+" "+x.asked.path)
	}
}

func key(x *exchange) string {
	return x.asked.method + " " + x.asked.path + "?" + x.asked.query + "\n" + string(x.asked.body)
}

func (t *Fault) refuse(x *exchange) bool {
	if t.RetryAfter > 0 {
		t.mu.Lock()
		t.until[key(x)] = time.Now().Add(t.RetryAfter)
		t.mu.Unlock()
		x.w.Header().Set("Retry-After", strconv.Itoa(int(t.RetryAfter.Seconds())))
	}
	return say(x, t.Status, fmt.Sprintf(`{"message":%q}`, http.StatusText(t.Status)))
}

func say(x *exchange, status int, body string) bool {
	x.w.Header().Set("Content-Type", "application/json")
	x.write(&answer{status: status, header: http.Header{}, body: []byte(body)})
	return true
}

// echo is an error that repeats what was sent, credential and all, in the fields that
// most systems use.
func echo(x *exchange) string {
	var b strings.Builder
	_ = x.r.Header.Write(&b)
	text := strconv.Quote("refused: " + b.String() + " " + x.r.URL.String() + " " + string(x.asked.body))
	return fmt.Sprintf(`{"message":%[1]s,"error":%[1]s,"errorSummary":%[1]s,"errorCode":%[1]s,"detail":%[1]s,"error_description":%[1]s,`+
		`"errors":[{"code":"X","title":%[1]s,"detail":%[1]s}],"errorMessages":[%[1]s]}`, text)
}

func (t *Fault) wait(x *exchange, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-x.r.Context().Done():
	case <-t.ended:
	}
}

// holdTime is how long a request is held after the fault has ended: its client may be
// about to give up, and would make it again if it were let go.
const holdTime = 5 * time.Second

// hold keeps a request until the client gives up, or for a while after the fault ended.
func (t *Fault) hold(x *exchange) bool {
	given := x.r.Context().Done()
	select {
	case <-given:
		t.drop()
		return true
	case <-t.ended:
	}
	timer := time.NewTimer(holdTime)
	defer timer.Stop()
	select {
	case <-given:
	case <-timer.C:
		x.hangUp(nil)
	}
	return true
}

func (t *Fault) drop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-t.dropped:
	default:
		close(t.dropped)
	}
}

// watch passes a write on by itself, and looks whether it changed anything.
func (t *Fault) watch(x *exchange) bool {
	f := x.face.front
	f.writing.Lock()
	effect := t.seen()
	if effect != nil {
		f.writing.Unlock()
		if t.Kind == HoldEffects && effect.method == x.asked.method && alike(effect.path, x.asked.path) {
			return t.hold(x)
		}
		return false
	}
	before := t.Dump()
	a, err := x.forward()
	changed := err == nil && t.Dump() != before
	if changed {
		t.mu.Lock()
		t.effect = &x.asked
		t.mu.Unlock()
		t.fires()
	}
	f.writing.Unlock()
	switch {
	case err != nil:
		http.Error(x.w, "the fake does not answer", http.StatusBadGateway)
	case changed && t.Kind == LoseEffect:
		x.hangUp(nil)
	default:
		x.write(a)
	}
	return true
}

func (t *Fault) seen() *saved {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.effect
}

// alike reports whether two paths are of the same sort: they differ in no more than
// two parts.
func alike(a, b string) bool {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	if len(as) != len(bs) {
		return false
	}
	differ := 0
	for i := range as {
		if as[i] != bs[i] {
			differ++
		}
	}
	return differ <= 2
}

// answer bends what the fake said, and reports whether the connection was closed.
func (t *Fault) answer(x *exchange, a *answer) bool {
	f := x.face.front
	p := f.paging
	items, listing := a.items(p)
	next := a.next(p)
	ready := t.ready()
	switch t.Kind {
	case Cut:
		if ready && a.ok() && len(a.body) > 8 && t.fires() {
			x.hangUp(a)
			return true
		}
	case RepeatCursor:
		f.mu.Lock()
		last := f.lastNext[x.asked.path]
		f.mu.Unlock()
		if listing && last != "" && t.fires() {
			a.setNext(p, last)
		}
	case EmptyPage:
		if ready && next != "" && t.fires() {
			document, _ := a.document()
			path, _, _ := p.records(document)
			a.replace(put(document, path, []any{}))
			a.setNext(p, f.mint(x, next))
		}
	case DuplicatePage:
		if ready && next != "" && len(items) > 0 && t.fires() {
			a.setNext(p, f.mint(x, next))
		}
	case UnknownFields:
		if listing && len(items) > 0 && t.fires() {
			strange(a, p)
		}
	}
	if next != "" {
		t.mu.Lock()
		t.page = true
		t.mu.Unlock()
	}
	return false
}

// strange gives the document and its records fields that nobody has heard of.
func strange(a *answer, p Paging) {
	document, _ := a.document()
	_, items, _ := p.records(document)
	for _, object := range append(items, document) {
		if o, ok := object.(map[string]any); ok {
			o["kitUnknown"] = map[string]any{"list": []any{1, "two", nil}, "deep": map[string]any{"x": true}}
			o["kit_unknown_number"] = 12345678901234567
		}
	}
	a.replace(document)
}
