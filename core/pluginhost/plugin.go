package pluginhost

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"syncgateway/core/diag"
	"syncgateway/core/identity"
	"syncgateway/core/pluginhost/internal/convert"
	"syncgateway/core/schema"
	pb "syncgateway/proto/gateway/plugin/v1"
)

// State is where an instance is in its life.
type State uint8

// The states.
const (
	Starting State = iota + 1
	Ready
	BackingOff  // crashed, and will be started again
	Quarantined // crashed too often, or was changed: it will not
	Closed
)

var stateNames = [...]string{"unknown", "starting", "ready", "backing_off", "quarantined", "closed"}

// String is the state's name in JSON and text.
func (s State) String() string { return stateNames[min(int(s), len(stateNames)-1)] }

// MarshalText is String, for JSON.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Status tells how an instance is.
type Status struct {
	Address string
	Type    string
	State   State
	PID     int // 0: no process
	Crashes int // within the last 10 minutes
	Err     error
	Log     []string // its last lines, redacted
}

// Plugin is a configured plugin, across the processes that may follow each other
// when it crashes. It is safe for concurrent use. Calls that come while it is being
// started again wait for it.
type Plugin struct {
	host     *Host
	in       Instance
	log      *logIntake
	redact   *diag.Redactor
	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	watching sync.WaitGroup

	mu      sync.Mutex
	state   State
	changed chan struct{} // closed when state changes
	session *session
	crashes crashes
	err     error // of the last crash

	description *schema.Plugin
	warnings    diag.Diagnostics
}

func newPlugin(h *Host, in Instance) *Plugin {
	p := &Plugin{host: h, in: in, state: Starting, changed: make(chan struct{})}
	p.redact = diag.NewRedactor(secrets(in.Config, in.Sensitive)...)
	p.log = newLogIntake(h.o.Logger.Named(in.Address), p.redact, h.o.Now)
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// Address is the instance's: "source.okta.corp".
func (p *Plugin) Address() string { return p.in.Address }

// Description is what the plugin says of itself.
func (p *Plugin) Description() *schema.Plugin {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.description
}

// Warnings are what the plugin said of its configuration while accepting it.
func (p *Plugin) Warnings() diag.Diagnostics {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.warnings
}

// Status tells how the instance is at this moment.
func (p *Plugin) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Status{Address: p.in.Address, Type: p.in.Type, State: p.state, Crashes: p.crashes.since(p.host.o.Now()), Err: p.err}
	s.Log, _ = p.log.last(false)
	if p.state == Ready {
		s.PID = p.session.proc.cmd.Process.Pid
	}
	return s
}

// Close ends the plugin; what is being done with it fails. It returns when its
// process has ended.
func (p *Plugin) Close() {
	p.cancel()
	p.set(Closed, nil)
	p.mu.Lock()
	s := p.session
	p.mu.Unlock()
	if s != nil {
		s.Close()
	}
	p.watching.Wait()
	p.host.forget(p)
}

// set moves to a state, except that a closed plugin stays closed.
func (p *Plugin) set(state State, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == Closed {
		return
	}
	p.state = state
	if err != nil {
		p.err = err
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

// start starts the first process and, when that goes well, the watch.
func (p *Plugin) start(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.ctx, cancel)()
	if err := p.up(ctx); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return ErrClosed
	}
	p.watching.Go(p.watch)
	return nil
}

// up starts a process and configures it.
func (p *Plugin) up(ctx context.Context) error {
	adopt := func(c closer) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.session = c.(*session)
		return p.ctx.Err()
	}
	p.log.last(true)
	s, err := p.host.launch(ctx, p.in.Type, p.log, adopt)
	if err != nil {
		return p.host.explain(err, &BrokenPlugin{Address: p.in.Address, Type: p.in.Type, Doing: "start"}, p.log)
	}
	if err := p.configure(ctx, s); err != nil {
		s.Close()
		return err
	}
	p.set(Ready, nil)
	return nil
}

func (p *Plugin) configure(ctx context.Context, s *session) error {
	dir, err := p.host.stateDir(p.in)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, p.host.o.StartTimeout)
	defer cancel()
	req := &pb.ConfigureRequest{Instance: p.in.Address, ConfigJson: p.in.Config, StateDir: dir}
	for _, path := range p.in.Sensitive {
		req.Sensitive = append(req.Sensitive, convert.Path(path))
	}
	resp, err := pb.NewPluginServiceClient(s.conn).Configure(ctx, req)
	if err != nil {
		return p.broken(ctx, s, "configure", err)
	}
	ds := convert.Diagnostics(resp.GetDiagnostics(), p.clean)
	if ds.HasErrors() {
		return &Misconfigured{Address: p.in.Address, Diagnostics: ds}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.description, p.warnings = s.description, ds
	return nil
}

// watch starts the plugin again whenever it has crashed, until it is closed or
// quarantined.
func (p *Plugin) watch() {
	for p.ctx.Err() == nil {
		p.mu.Lock()
		s := p.session
		p.mu.Unlock()
		select {
		case <-s.proc.exited:
		case <-p.ctx.Done():
			return
		}
		s.proc.gone(drainTime)
		err := p.crashed(s)
		s.Close()
		for again := true; again; {
			if !p.backOff(err) {
				return
			}
			err = p.up(p.ctx)
			again = err != nil
		}
	}
}

func (p *Plugin) crashed(s *session) error {
	b := &BrokenPlugin{Address: p.in.Address, Type: p.in.Type, Doing: "run", Err: errors.New("it died: " + s.proc.ending())}
	b.Log, b.Panic = p.log.last(false)
	return b
}

// backOff takes in a crash and waits for the next start. It is false when there is
// to be none.
func (p *Plugin) backOff(err error) bool {
	if p.ctx.Err() != nil {
		return false
	}
	p.mu.Lock()
	wait, quarantined := p.crashes.add(p.host.o.Now())
	p.mu.Unlock()
	var broken *BrokenPlugin
	if !errors.As(err, &broken) { // changed on disk, or not accepting its configuration any more
		p.log.log.Error("the plugin is not started again", "error", err)
		p.set(Quarantined, err)
		return false
	}
	if quarantined {
		broken.Err = fmt.Errorf("%w (%v)", ErrQuarantined, broken.Err)
		p.log.log.Error("the plugin is quarantined", "error", err)
		p.set(Quarantined, broken)
		return false
	}
	p.log.log.Warn("the plugin crashed", "error", err, "again_in", wait)
	p.set(BackingOff, err)
	select {
	case <-p.host.o.after(wait):
		p.set(Starting, nil)
		return true
	case <-p.ctx.Done():
		return false
	}
}

// ready returns the running process, waiting for it while it is being started.
func (p *Plugin) ready(ctx context.Context) (*session, error) {
	for {
		p.mu.Lock()
		state, s, changed, err := p.state, p.session, p.changed, p.err
		p.mu.Unlock()
		switch state {
		case Ready:
			select {
			case <-s.proc.exited: // which the watch is about to notice
			default:
				return s, nil
			}
		case Quarantined:
			return nil, err
		case Closed:
			return nil, fmt.Errorf("%s: %w", p.in.Address, ErrClosed)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("%s: wait for the plugin: %w", p.in.Address, ctx.Err())
		}
	}
}

// dying is how long a process may take to end after its connection broke.
const dying = 2 * time.Second

// broken makes a BrokenPlugin of an error of a call, with what the process has
// written before it died. It is the context's error when that ended the call.
func (p *Plugin) broken(ctx context.Context, s *session, doing string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if p.ctx.Err() != nil {
		return fmt.Errorf("%s: %w", p.in.Address, ErrClosed)
	}
	b := &BrokenPlugin{Address: p.in.Address, Type: p.in.Type, Doing: doing, Err: err}
	survived := true
	if st, ok := status.FromError(err); ok {
		b.Err = errors.New(p.clean(st.Message()))
		lost := st.Code() == codes.Unavailable || st.Code() == codes.Canceled
		if lost && s.proc.gone(dying) {
			b.Err, survived = errors.New("it died: "+s.proc.ending()), false
		}
	}
	b.Log, b.Panic = p.log.last(survived)
	return b
}

// clean is a plugin's text without secrets and control characters.
func (p *Plugin) clean(s string) string { return identity.Visible(p.redact.String(s), longestText) }

// longestText is how much of a plugin's text is kept, in runes.
const longestText = 2000
