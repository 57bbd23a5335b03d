package api

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"

	"syncgateway/core/config"
	"syncgateway/core/engine"
	"syncgateway/core/gateway"
)

// ExplainRequest asks about one person or one group.
type ExplainRequest struct {
	Sync       string          `json:"sync"`
	User       string          `json:"user,omitempty"`
	Group      string          `json:"group,omitempty"`
	At         string          `json:"at,omitempty"`          // an earlier run, of a person
	Config     []byte          `json:"config,omitempty"`      // the text of a configuration to suppose
	ConfigName string          `json:"config_name,omitempty"` // its file
	As         json.RawMessage `json:"as,omitempty"`          // what to suppose of the person's record
	Usage      bool            `json:"usage,omitempty"`       // ask the target where the group is used
}

// ExplainAnswer is about a person or about a group.
type ExplainAnswer struct {
	*engine.Explanation
	Group *engine.GroupExplanation `json:"group,omitempty"`
}

// Explain explains one person or one group, now, then, or if.
func (s *Service) Explain(ctx context.Context, q ExplainRequest) (*ExplainAnswer, error) {
	usage := func(text string) error { return &Error{Status: http.StatusBadRequest, Code: CodeUsage, Message: text} }
	switch {
	case (q.User == "") == (q.Group == ""):
		return nil, usage("either a user or a group is needed")
	case q.At != "" && (q.Group != "" || len(q.Config) > 0 || len(q.As) > 0):
		return nil, usage("at is for a person, and excludes config and as: what was, was")
	case q.Group != "" && len(q.As) > 0:
		return nil, usage("as is for a person")
	case s.Gateway.Config.Sync(q.Sync) == nil:
		return nil, s.noSync(q.Sync)
	}
	question := engine.Question{Sync: q.Sync, User: q.User, Group: q.Group, At: q.At, Usage: q.Usage}
	var err error
	if question.Config, err = s.supposed(ctx, q); err != nil {
		return nil, err
	}
	if len(q.As) > 0 {
		if question.As, err = engine.ParseSupposition(q.As); err != nil {
			return nil, s.fault(err)
		}
	}
	a := &ExplainAnswer{}
	if q.Group != "" {
		a.Group, err = s.Gateway.Engine.ExplainGroup(ctx, question)
	} else {
		a.Explanation, err = s.Gateway.Engine.Explain(ctx, question)
	}
	if err != nil {
		return nil, s.fault(err)
	}
	return a, nil
}

// supposed reads a configuration that is only supposed. Its errors are those of the
// caller.
func (s *Service) supposed(ctx context.Context, q ExplainRequest) (*config.Config, error) {
	if len(q.Config) == 0 {
		return nil, nil
	}
	name := filepath.Base(q.ConfigName)
	if q.ConfigName == "" {
		name = "supposed.hcl"
	}
	// Paths in it are as if it stood beside the one that is running.
	cfg, ds := config.Parse(q.Config, filepath.Join(s.Gateway.Config.Dir, name), config.World{})
	if !ds.HasErrors() {
		ds = append(ds, gateway.Validate(ctx, cfg, s.Gateway.Plugins)...)
	}
	if ds.HasErrors() {
		return nil, &Error{Status: http.StatusUnprocessableEntity, Code: CodeConfig, Message: "the configuration to suppose is not right",
			Diagnostics: cfg.Renderer().Views(ds)}
	}
	if cfg.Sync(q.Sync) == nil {
		return nil, &Error{Status: http.StatusNotFound, Code: CodeUsage, Message: "the configuration to suppose has no sync of this name"}
	}
	return cfg, nil
}

// Explain explains one person or one group.
func (c *Client) Explain(ctx context.Context, q ExplainRequest) (*ExplainAnswer, error) {
	var a ExplainAnswer
	return &a, c.call(ctx, http.MethodPost, "/v1/explain", q, &a)
}
