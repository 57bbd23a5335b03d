package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/conformance/internal/plug"
	"syncgateway/sdk/conformance/internal/proxy"
)

// bench is one lane: a fake with the proxy before it, and a process of the connector.
// It is used by one goroutine.
type bench struct {
	run     *run
	lane    int
	dir     string
	remote  Remote
	fake    About
	front   *proxy.Front
	binary  *plug.Binary
	session *plug.Session
	world   *world   // what was seeded last, nil when it has changed since
	crowd   *Company // many people and groups
	ops     int      // operations so far, for their ids
	seen    []string
}

// callTime is how long a single call to a good connector may take.
const callTime = 20 * time.Second

// sawf notes what was seen, for the row of a check that passes.
func (b *bench) sawf(format string, args ...any) {
	b.seen = append(b.seen, fmt.Sprintf(format, args...))
}

// ready brings what a check needs, or says why it is not to be had.
func (b *bench) ready(ctx context.Context, c check) error {
	if err := b.room(); err != nil {
		return err
	}
	if b.remote == nil && b.run.o.Harness != nil {
		if err := b.open(ctx); err != nil {
			return fmt.Errorf("the harness cannot be opened: %w", err)
		}
	}
	if why, skip := skipReason(b.fake.Skip, c.id); skip {
		return Skip("%s", why)
	}
	caps := b.run.about.GetCapabilities()
	_, changes := able[Changer](b.remote, abilityChange)
	_, client := able[Client](b.remote, abilityClient)
	for _, want := range []struct {
		need need
		has  bool
		not  string
	}{
		{needConfig, b.configured(), "there is no configuration: give one, or a harness"},
		{needRemote, b.remote != nil, "there is no harness"},
		{needProxy, b.front != nil, "the harness names no HTTP address to put the fault proxy in front of"},
		{needDelta, caps.GetDelta(), "the connector does not declare that it reads changes (capabilities.delta)"},
		{needLookup, caps.GetLookup(), "the connector does not declare that it finds one record (capabilities.lookup)"},
		{needChanges, changes, "the harness cannot change single things (Changer)"},
		{needClient, client, "the harness does not tell how clients speak with the listener (Client)"},
	} {
		if c.needs&want.need != 0 && !want.has {
			return Skip("%s", want.not)
		}
	}
	return nil
}

func (b *bench) configured() bool { return b.run.o.Config != nil || b.fake.Config != nil }

// room makes what is the lane's own.
func (b *bench) room() error {
	if b.binary != nil {
		return nil
	}
	binary := *b.run.binary
	b.binary, b.dir = &binary, filepath.Join(b.run.dir, fmt.Sprint("lane", b.lane))
	return os.MkdirAll(filepath.Join(b.dir, "state"), 0o700)
}

// able is the remote as something more, if it is that: a process may be anything, and
// says itself what it is.
func able[A any](r Remote, ability string) (A, bool) {
	a, ok := r.(A)
	if p, process := r.(*processRemote); process && p.offers(ability) != nil {
		ok = false
	}
	return a, ok
}

// open makes the lane's fake and what stands before it.
func (b *bench) open(ctx context.Context) error {
	remote, err := b.run.o.Harness.Open(ctx)
	if err != nil {
		return err
	}
	b.remote, b.fake = remote, remote.About()
	if b.fake.Config != nil && !json.Valid(b.fake.Config) {
		return errors.New("its configuration is not JSON")
	}
	if len(b.fake.Remotes) > 0 {
		var ca *proxy.Authority
		if b.fake.TLS {
			if ca, err = proxy.NewAuthority(b.dir); err != nil {
				return err
			}
			b.binary.Env = append(b.binary.Env[:len(b.binary.Env):len(b.binary.Env)], "SSL_CERT_FILE="+ca.File)
		}
		if b.front, err = proxy.Start(b.fake.Remotes, proxy.Paging(b.fake.Paging), ca); err != nil {
			return err
		}
	}
	b.run.heard.Listen(b.secrets()...)
	return nil
}

func (b *bench) close() {
	b.calm()
	b.end()
	if b.front != nil {
		b.front.Close()
	}
	if b.remote != nil {
		_ = b.remote.Close() // nothing depends on it any more
	}
}

// end ends the process.
func (b *bench) end() {
	if b.session != nil {
		b.session.Close()
		b.session = nil
	}
}

// calm ends all misbehaviour of the fake.
func (b *bench) calm() {
	if b.front != nil {
		b.front.Clear()
	}
}

// misbehave makes the fake misbehave from now on.
func (b *bench) misbehave(f *proxy.Fault) *proxy.Fault {
	b.front.Inject(f)
	return f
}

// fired is an error unless the fault has happened: it would have tested nothing.
func fired(f *proxy.Fault) error {
	if f.Fired() == 0 {
		return fmt.Errorf("the fault %q never happened, so that nothing was tested: the fake must have more than one page, and About.Paging say where the next one stands", f.Kind)
	}
	return nil
}

// start starts a process that is not configured.
func (b *bench) start(ctx context.Context) (*plug.Session, error) {
	s, err := plug.Start(ctx, b.binary, b.run.heard)
	if err != nil {
		return nil, fmt.Errorf("the connector does not start: %w", err)
	}
	return s, nil
}

// connector is the lane's process, configured for its fake.
func (b *bench) connector(ctx context.Context) (*plug.Session, error) {
	if b.session != nil && b.session.Alive(ctx) {
		return b.session, nil
	}
	b.end()
	s, err := b.start(ctx)
	if err != nil {
		return nil, err
	}
	ds, err := b.configure(ctx, s, b.config())
	if err == nil && failed(ds) {
		err = fmt.Errorf("the configuration of the harness is refused: %s", diagnostics(ds))
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	b.session = s
	return s, nil
}

// fresh is a new process in the lane's place.
func (b *bench) fresh(ctx context.Context) (*plug.Session, error) {
	b.end()
	return b.connector(ctx)
}

// configure calls Configure with a configuration.
func (b *bench) configure(ctx context.Context, s *plug.Session, config map[string]any) ([]*pb.Diagnostic, error) {
	data, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	root := b.run.about.GetConfig().GetRoot()
	resp, err := pb.NewPluginServiceClient(s.Conn).Configure(ctx, &pb.ConfigureRequest{Instance: b.instance(), ConfigJson: data,
		Sensitive: sensitive(root, config, nil), StateDir: filepath.Join(b.dir, "state")})
	if err != nil {
		return nil, fmt.Errorf("call Configure: %w", err)
	}
	return resp.GetDiagnostics(), nil
}

func (b *bench) instance() string {
	role := "source"
	if len(b.run.report.Roles) > 0 {
		role = b.run.report.Roles[0]
	}
	return role + "." + b.run.about.GetType() + ".kit"
}

// config is the configuration that works, with the proxy's addresses and the defaults.
func (b *bench) config() map[string]any {
	text := string(b.run.o.Config)
	if b.run.o.Config == nil {
		text = string(b.fake.Config)
	}
	for name, base := range b.fake.Remotes {
		address := b.front.URL(name, base)
		text = strings.ReplaceAll(text, "${remote."+name+"}", address)
		if name == "main" {
			text = strings.ReplaceAll(text, "${remote}", address)
		}
	}
	config := map[string]any{}
	_ = json.Unmarshal([]byte(text), &config) // what it cannot hold the connector will miss
	return withDefaults(config, b.run.about.GetConfig().GetRoot())
}
