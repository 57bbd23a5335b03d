package conformance

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/conformance/internal/plug"
)

func configChecks() []check {
	const where = "validation in Configure: the path of the diagnostic must lead to the setting, for the gateway shows the line of the configuration by it"
	return []check{
		{id: "all.config-unknown", role: roleAll, title: "An unknown setting gives a diagnostic at its place", needs: needConfig, look: where, run: configUnknown},
		{id: "all.config-missing", role: roleAll, title: "A required setting that is missing gives a diagnostic at its place", needs: needConfig, look: where, run: configMissing},
		{id: "all.config-type", role: roleAll, title: "A setting of the wrong type gives a diagnostic at its place", needs: needConfig, look: where, run: configType},
		{id: "all.config-value", role: roleAll, title: "A value that the schema does not allow gives a diagnostic at its place", needs: needConfig, look: where, run: configValue},
		{id: "all.config-offline", role: roleAll, title: "Configure makes no network call", needs: needConfig | needProxy,
			look: "requests made in Configure: they belong into Check", run: configOffline},
	}
}

// variant is a configuration with one thing wrong, and where that is.
type variant struct {
	path   []any
	config map[string]any
	what   string
}

// refused holds every variant against Configure: each must give an error at its path.
func (b *bench) refused(ctx context.Context, variants []variant) error {
	s, err := b.start(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	var wrong []error
	for _, v := range variants {
		ds, err := b.configure(ctx, s, v.config)
		if err != nil {
			return fmt.Errorf("%s %s: %w", v.what, pathText(v.path), err)
		}
		if !slices.ContainsFunc(ds, func(d *pb.Diagnostic) bool { return leadsTo(d, v.path) }) {
			wrong = append(wrong, fmt.Errorf("%s %s: expected an error at %q, got %s", v.what, pathText(v.path), pathText(v.path), diagnostics(ds)))
		}
	}
	b.sawf("%d configurations", len(variants))
	return errors.Join(wrong...)
}

// leadsTo reports whether an error is about what is at the path, or about a part of it.
func leadsTo(d *pb.Diagnostic, path []any) bool {
	got, want := shown(d.GetPath()), pathText(path)
	return d.GetSeverity() != pb.Diagnostic_SEVERITY_WARNING && d.GetSummary() != "" &&
		(got == want || strings.HasPrefix(got, want+"[") || strings.HasPrefix(got, want+"."))
}

const unknownSetting = "kit_unknown_setting"

func configUnknown(ctx context.Context, b *bench) error {
	config := b.config()
	variants := []variant{{[]any{unknownSetting}, with(config, []any{unknownSetting}, "x"), "unknown setting"}}
	done := map[string]bool{}
	for _, p := range places(b.run.about.GetConfig().GetRoot(), config, nil) {
		block := p.path[:len(p.path)-1]
		if len(block) > 0 && !done[pathText(block)] {
			done[pathText(block)] = true
			path := extend(block, unknownSetting)
			variants = append(variants, variant{path, with(config, path, "x"), "unknown setting"})
		}
	}
	return b.refused(ctx, variants)
}

func configMissing(ctx context.Context, b *bench) error {
	config := b.config()
	var variants []variant
	for _, p := range places(b.run.about.GetConfig().GetRoot(), config, nil) {
		if p.field.GetRequired() {
			variants = append(variants, variant{p.path, with(config, p.path, nil), "without"})
		}
	}
	if len(variants) == 0 {
		return Skip("no setting is required")
	}
	return b.refused(ctx, variants)
}

// wrongTypes are values that do not fit a field of the type.
var wrongTypes = map[pb.Type]any{
	pb.Type_TYPE_STRING: map[string]any{"kit": true}, pb.Type_TYPE_INT: "many", pb.Type_TYPE_FLOAT: "half", pb.Type_TYPE_BOOL: "perhaps",
	pb.Type_TYPE_DURATION: "a while", pb.Type_TYPE_STRING_LIST: map[string]any{"kit": 1}, pb.Type_TYPE_STRING_MAP: []any{"kit"},
}

func configType(ctx context.Context, b *bench) error {
	config := b.config()
	var variants []variant
	for _, p := range places(b.run.about.GetConfig().GetRoot(), config, nil) {
		variants = append(variants, variant{p.path, with(config, p.path, wrongTypes[p.field.GetType()]), "a value of the wrong type for"})
	}
	if len(variants) == 0 {
		return Skip("there are no settings")
	}
	return b.refused(ctx, variants)
}

func configValue(ctx context.Context, b *bench) error {
	config := b.config()
	var variants []variant
	for _, p := range places(b.run.about.GetConfig().GetRoot(), config, nil) {
		for _, bad := range notAllowed(p.field) {
			variants = append(variants, variant{p.path, with(config, p.path, bad), fmt.Sprintf("the value %.40q for", fmt.Sprint(bad))})
		}
	}
	if len(variants) == 0 {
		return Skip("the schema allows every value")
	}
	return b.refused(ctx, variants)
}

// notAllowed are values of the right type that the schema of the field forbids.
func notAllowed(f *pb.Field) []any {
	var out []any
	list := f.GetType() == pb.Type_TYPE_STRING_LIST
	text := func(s string) {
		switch {
		case list:
			out = append(out, []any{s})
		case f.GetType() == pb.Type_TYPE_STRING:
			out = append(out, s)
		}
	}
	if len(f.GetOneOf()) > 0 {
		text("kit-not-one-of-them")
	}
	if f.GetPattern() != "" {
		if re, err := regexp.Compile("^(?:" + f.GetPattern() + ")$"); err == nil {
			for _, s := range []string{"", "\x01 kit", "kit kit", "0"} {
				if !re.MatchString(s) {
					text(s)
					break
				}
			}
		}
	}
	if f.Min != nil {
		out = append(out, beyond(f, f.GetMin()-1))
	}
	if f.Max != nil {
		out = append(out, beyond(f, f.GetMax()+1))
	}
	return out
}

func beyond(f *pb.Field, n float64) any {
	if f.GetType() == pb.Type_TYPE_DURATION {
		return time.Duration(n * float64(time.Second)).String()
	}
	return n
}

// settle is how long a request that was begun may take to arrive.
const settle = 100 * time.Millisecond

func configOffline(ctx context.Context, b *bench) error {
	s, err := b.start(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	before := b.front.Requests()
	ds, err := b.configure(ctx, s, b.config())
	if err != nil || failed(ds) {
		return errors.Join(err, fmt.Errorf("the configuration is refused: %s", diagnostics(ds)))
	}
	if err := pause(ctx, settle); err != nil {
		return err
	}
	if n := b.front.Requests() - before; n > 0 {
		return fmt.Errorf("it made %d requests", n)
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// checked is a Check of a process.
func checked(ctx context.Context, s *plug.Session) ([]*pb.CheckResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	stream, err := pb.NewPluginServiceClient(s.Conn).Check(ctx, &pb.CheckRequest{})
	if err != nil {
		return nil, fmt.Errorf("call Check: %w", err)
	}
	var steps []*pb.CheckResponse
	err = receive(stream.Recv, func(m *pb.CheckResponse) { steps = append(steps, m) })
	if err != nil {
		return steps, fmt.Errorf("call Check: %w", err)
	}
	return steps, nil
}
