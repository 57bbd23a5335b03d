package api

import (
	"context"
	"net/http"

	"syncgateway/core/engine"
	"syncgateway/core/selector"
	"syncgateway/core/store"
)

// PauseRequest pauses a sync, or resumes it.
type PauseRequest struct {
	Sync   string `json:"sync"`
	Resume bool   `json:"resume,omitempty"`
	Who    string `json:"who,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// PauseAnswer tells whether the sync was paused before.
type PauseAnswer struct {
	Was bool `json:"was"`
}

// undoes finds the sync of a run that is to be undone.
func (s *Service) undoes(ctx context.Context, q RunRequest) (string, *engine.Undo, error) {
	if len(q.Plan) > 0 || q.Mode != "" || q.User != "" || q.Everyone {
		return "", nil, &Error{Status: http.StatusBadRequest, Code: CodeUsage, Message: "an undo takes no plan, mode or user: which steps, only says"}
	}
	only, err := selector.Parse(q.Only)
	if err != nil {
		return "", nil, &Error{Status: http.StatusBadRequest, Code: CodeUsage, Message: err.Error()}
	}
	var run store.Run
	err = s.Gateway.Store.View(ctx, func(v store.Reader) (err error) {
		run, err = v.Run(q.Undo)
		return err
	})
	if err != nil {
		e := s.fault(err)
		if e.Code == CodeNotFound {
			e.Message = "there is no such run, or it was forgotten: gateway runs lists them"
		}
		return "", nil, e
	}
	return run.Sync, &engine.Undo{Run: run.ID, Only: only, Irreversible: q.Irreversible}, nil
}

// Pause pauses a sync: its runs plan, and apply nothing. With Resume it goes on.
func (s *Service) Pause(ctx context.Context, q PauseRequest) (*PauseAnswer, error) {
	if s.Gateway.Config.Sync(q.Sync) == nil {
		return nil, s.noSync(q.Sync)
	}
	var a PauseAnswer
	var err error
	if q.Resume {
		a.Was, err = s.Gateway.Engine.Resume(ctx, q.Sync, q.Who)
	} else {
		a.Was, err = s.Gateway.Engine.Pause(ctx, q.Sync, q.Who, q.Reason)
	}
	if err != nil {
		return nil, s.fault(err)
	}
	return &a, nil
}

// Pause pauses or resumes a sync.
func (c *Client) Pause(ctx context.Context, q PauseRequest) (*PauseAnswer, error) {
	var a PauseAnswer
	return &a, c.call(ctx, http.MethodPost, "/v1/pauses", q, &a)
}
