package engine

import (
	"syncgateway/core/audit"
	"syncgateway/core/plan"
	"syncgateway/core/store"
)

// What the entries of the audit record say of a run.
type (
	configChange struct {
		From string `json:"from,omitempty"` // epochs: hashes of the configuration
		To   string `json:"to"`
	}
	plannedEntry struct {
		Digest  string `json:"digest"`
		Trigger string `json:"trigger"`
		Summary string `json:"summary"`
		Verdict string `json:"verdict"`
		Undoes  string `json:"undoes,omitempty"` // run
	}
	releasedEntry struct {
		Digest string   `json:"digest"`
		By     string   `json:"by"`
		Only   []string `json:"only,omitempty"`
	}
	endedEntry struct {
		State   string `json:"state"`
		Summary string `json:"summary"`
		Digest  string `json:"digest"`
	}
)

// record appends to the audit record, where the engine has one.
func (r *run) record(tx store.Tx, kind string, body any) error {
	if r.Audit == nil {
		return nil
	}
	return r.Audit.Append(tx, audit.Event{Kind: kind, Who: r.o.Who, Sync: r.sync.Name, Run: r.rec.ID, Body: body})
}

// recordPlan records a plan with steps when it is made for the first time: a schedule
// makes one that is held again and again.
func (r *run) recordPlan(tx store.Tx, p *plan.Plan, verdict string) error {
	if p.Empty() {
		return nil
	}
	if _, err := tx.Plan(r.report.Digest); err == nil {
		return nil
	}
	return r.record(tx, audit.Plan, plannedEntry{Digest: r.report.Digest, Trigger: r.rec.Trigger, Summary: p.Summary(), Verdict: verdict, Undoes: p.Undoes})
}
