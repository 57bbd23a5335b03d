package api

import (
	"context"
	"errors"
	"net/http"

	"syncgateway/core/config"
	"syncgateway/core/engine"
)

// ImpactRequest asks what one configuration of a sync would do differently from
// another. Both come without comments and without what the sync does not refer to.
type ImpactRequest struct {
	Sync string      `json:"sync"`
	Old  config.Kept `json:"old"`
	New  config.Kept `json:"new"`
}

// Impact compares two configurations on the data that was read last. It starts no run,
// and changes nothing.
func (s *Service) Impact(ctx context.Context, q ImpactRequest) (*engine.Comparison, error) {
	now, ds := q.New.Parse()
	if ds.HasErrors() {
		return nil, s.fault(ds)
	}
	sync := now.Sync(q.Sync)
	if sync == nil || sync.To == nil {
		return nil, s.noSync(q.Sync)
	}
	target, err := s.Gateway.Plugins.Describe(ctx, sync.To.Type)
	if err != nil {
		return nil, s.fault(err)
	}
	a, err := s.Gateway.Engine.Compare(ctx, q.Sync, q.Old, q.New, target)
	if errors.Is(err, engine.ErrNotComparable) {
		return nil, &Error{Status: http.StatusConflict, Code: CodeUsage, Message: err.Error()}
	}
	if err != nil {
		return nil, s.fault(err)
	}
	return a, nil
}

// Impact compares two configurations of a sync.
func (c *Client) Impact(ctx context.Context, q ImpactRequest) (*engine.Comparison, error) {
	var a engine.Comparison
	return &a, c.call(ctx, http.MethodPost, "/v1/impacts", q, &a)
}
