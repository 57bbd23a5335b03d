package sdk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"syncgateway/sdk/internal/redact"
	"syncgateway/sdk/internal/wire"
	"syncgateway/sdk/record"
)

// Plugin is a connector ready to be served, or to be driven by package sdktest.
type Plugin = wire.Plugin

// Connector is what every role has in common. C is the struct its configuration is
// decoded into, as JSON. Configure validates and keeps; it makes no network call,
// and may be called again with another configuration. Check tries the live system.
type Connector[C any] interface {
	Configure(ctx context.Context, config C) error
	Check(ctx context.Context, steps Steps)
}

// instance is one connector and whether it may be used.
type instance struct{ ready atomic.Bool }

func newPlugin[C any](about About, role record.Role, c Connector[C]) (*wire.Plugin, *instance) {
	i := &instance{}
	p := &wire.Plugin{Describe: record.Description{About: about, SDK: "go/" + Version, Roles: []record.Role{role}}}
	p.Configure = func(ctx context.Context, req record.ConfigureRequest) record.Problems {
		redact.Add(secrets(req.JSON, req.Sensitive)...)
		i.ready.Store(false)
		problems := validate(req.JSON, about.Config)
		if problems.Failed() {
			return problems
		}
		var config C
		if err := decode(req.JSON, &config); err != nil {
			return record.AsProblems(err)
		}
		problems = record.AsProblems(c.Configure(context.WithValue(ctx, stateDirKey{}, req.StateDir), config))
		i.ready.Store(!problems.Failed())
		return problems
	}
	p.Check = func(ctx context.Context, emit func(record.CheckStep) error) error {
		if !i.ready.Load() {
			return wire.ErrUnconfigured
		}
		run := &checkRun{ctx: ctx, emit: emit}
		c.Check(ctx, Steps{run})
		return errors.Join(run.err, ctx.Err())
	}
	return p, i
}

type stateDirKey struct{}

// StateDir returns the directory that is private to this instance. It is set in the
// context of Configure.
func StateDir(ctx context.Context) string {
	dir, _ := ctx.Value(stateDirKey{}).(string)
	return dir
}

// decode ignores what the struct does not have: the names have been checked.
func decode(data []byte, into any) error {
	if len(bytes.TrimSpace(data)) == 0 {
		data = []byte("{}")
	}
	err := json.Unmarshal(data, into)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return At(wrong.Field).Errorf("does not fit the connector's %s", wrong.Type)
	}
	if err != nil {
		return fmt.Errorf("the configuration does not fit the connector: %w", err)
	}
	return nil
}

// secrets are the strings at and below the sensitive paths.
func secrets(data []byte, paths []record.Path) []string {
	var root any
	if json.Unmarshal(data, &root) != nil {
		return nil
	}
	var found []string
	for _, p := range paths {
		found = append(found, stringsIn(follow(root, p))...)
	}
	return found
}

func follow(value any, path record.Path) any {
	for _, step := range path {
		switch v := value.(type) {
		case map[string]any:
			value = v[step.Name]
		case []any:
			if step.Index < 0 || step.Index >= len(v) || step.Name != "" {
				return nil
			}
			value = v[step.Index]
		default:
			return nil
		}
	}
	return value
}

func stringsIn(value any) []string {
	var found []string
	switch v := value.(type) {
	case string:
		found = append(found, v, strings.TrimSpace(v))
	case []any:
		for _, x := range v {
			found = append(found, stringsIn(x)...)
		}
	case map[string]any:
		for _, x := range v {
			found = append(found, stringsIn(x)...)
		}
	}
	return found
}
