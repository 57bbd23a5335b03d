package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"syncgateway/core/audit"
	"syncgateway/core/plan"
	"syncgateway/core/selector"
	"syncgateway/core/store"
)

// ApproveRequest releases one plan, by its digest or the beginning of it, or the steps
// of it that any of the selectors chooses (package selector). Over a socket Who is the
// user of the process at its other end, whatever the request says.
type ApproveRequest struct {
	Digest string   `json:"digest"`
	Only   []string `json:"only,omitempty"`
	Who    string   `json:"who"`
	Reason string   `json:"reason,omitempty"`
}

// ApproveAnswer is the approval that was stored. Given are the people who approved the
// plan so far; while Missing is not 0 more of them are needed.
type ApproveAnswer struct {
	Digest  string    `json:"digest"`
	Sync    string    `json:"sync"`
	Who     string    `json:"who"`
	Only    []string  `json:"only,omitempty"`
	Steps   int       `json:"steps"` // that the approval is for
	Of      int       `json:"of"`    // steps of the plan
	Expires time.Time `json:"expires"`
	Given   []string  `json:"given"`
	Missing int       `json:"missing,omitempty"`
	Undoes  string    `json:"undoes,omitempty"` // the run whose inverse the plan is
}

// approvalEntry is what the audit record says of an approval.
type approvalEntry struct {
	Digest  string    `json:"digest"`
	Only    []string  `json:"only,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	Expires time.Time `json:"expires"`
}

// Approve releases one plan that is held, or a part of it.
func (s *Service) Approve(ctx context.Context, q ApproveRequest) (*ApproveAnswer, error) {
	if q.Who == "" {
		return nil, &Error{Status: http.StatusBadRequest, Code: CodeUsage, Message: "an approval needs a name"}
	}
	only, err := selector.Parse(q.Only)
	if err != nil {
		return nil, &Error{Status: http.StatusBadRequest, Code: CodeUsage, Message: err.Error()}
	}
	var a *ApproveAnswer
	err = s.Gateway.Store.Update(ctx, func(tx store.Tx) (err error) {
		a, err = s.approve(tx, &q, only)
		return err
	})
	if err != nil {
		return nil, s.fault(err)
	}
	return a, nil
}

func (s *Service) approve(tx store.Tx, q *ApproveRequest, only selector.Selector) (*ApproveAnswer, error) {
	held, err := s.heldPlan(tx, q.Digest)
	if err != nil {
		return nil, err
	}
	p, err := plan.Decode(held.Body)
	if err != nil {
		return nil, fmt.Errorf("the plan %s: %w", plan.ShortDigest(held.Digest), err)
	}
	limits := &s.Gateway.Config.Sync(held.Sync).Limits
	now := time.Now()
	a := &ApproveAnswer{Digest: held.Digest, Sync: held.Sync, Who: q.Who, Only: q.Only, Expires: now.Add(limits.ApprovalLasts),
		Steps: p.Where(only.Matches).Steps.Len(), Of: p.Steps.Len(), Undoes: p.Undoes}
	if a.Steps == 0 {
		return nil, &Error{Status: http.StatusBadRequest, Code: CodeUsage, Message: fmt.Sprintf("no step of the plan is chosen by %s", only)}
	}
	entry := audit.Event{Kind: audit.Approval, Who: q.Who, Sync: held.Sync, Body: approvalEntry{held.Digest, q.Only, q.Reason, a.Expires}}
	if err := s.Gateway.Audit.Append(tx, entry); err != nil {
		return nil, err
	}
	err = tx.PutApproval(store.Approval{Digest: held.Digest, Who: q.Who, Only: q.Only, Reason: q.Reason, At: now, Expires: a.Expires})
	if err != nil {
		return nil, err
	}
	if a.Given, err = given(tx, held.Digest, now); err != nil {
		return nil, err
	}
	a.Missing = max(limits.Approvers-len(a.Given), 0)
	return a, nil
}

// given are the people whose approvals of a plan can be used.
func given(tx store.Reader, digest string, now time.Time) ([]string, error) {
	as, err := tx.Approvals(digest)
	names := []string{}
	for _, a := range as {
		if a.UsedBy == "" && now.Before(a.Expires) && !slices.Contains(names, a.Who) {
			names = append(names, a.Who)
		}
	}
	return names, err
}

// heldPlan finds the plan by the beginning of its digest among the latest of each
// sync: an older one is void.
func (s *Service) heldPlan(tx store.Reader, digest string) (store.Plan, error) {
	const shortest = 8
	if len(digest) < shortest {
		return store.Plan{}, &Error{Status: http.StatusBadRequest, Code: CodeUsage, Message: fmt.Sprintf("a digest has at least %d characters", shortest)}
	}
	for _, sync := range s.Gateway.Config.Syncs {
		p, err := tx.LatestPlan(sync.Name)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return store.Plan{}, err
		}
		if strings.HasPrefix(p.Digest, digest) {
			if p.Verdict != "hold" {
				return p, &Error{Status: http.StatusConflict, Code: CodeUsage, Message: "this plan is not held: there is nothing to approve"}
			}
			return p, nil
		}
	}
	return store.Plan{}, &Error{Status: http.StatusNotFound, Code: CodeNotFound,
		Message: "no held plan has this digest: only the latest plan of a sync can be approved, and a plan is void once its inputs change"}
}
