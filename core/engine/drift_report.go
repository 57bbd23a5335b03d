package engine

import (
	"time"

	"syncgateway/core/config"
	"syncgateway/core/store"
)

// DriftReport is how what was pushed stands against what was read of the same identity
// provider.
type DriftReport struct {
	Pushed string `json:"pushed"` // "source.scim.idp"
	Pulled string `json:"pulled"` // "source.okta.corp"
	// People by what is wrong. Late: what was read was not pushed yet. Lost: it was not
	// pushed within drift.patience. Contradicted: what was pushed says otherwise.
	Late         int `json:"late"`
	Lost         int `json:"lost"`
	Contradicted int `json:"contradicted"`
	// Standing are some of them, those first that have lasted longest.
	Standing []DriftView `json:"standing,omitempty"`
	// Arrived is how many pushes came in this run that had been lost, and Arrivals some
	// of them.
	Arrived  int         `json:"arrived,omitempty"`
	Arrivals []DriftView `json:"arrivals,omitempty"`
}

// DriftView is the drift of one person.
type DriftView struct {
	Person      string             `json:"person"`
	Kind        string             `json:"kind"` // DriftLate, DriftLost, DriftContradicted
	Since       time.Time          `json:"since"`
	Differences []store.Difference `json:"differences"`
}

// The kinds of drift.
const (
	DriftLate         = "late"
	DriftLost         = "lost"
	DriftContradicted = "contradicted"
)

// mostDrift is how many people a report names.
const mostDrift = 20

// side is a source of a sync in an evaluation.
func (e *Engine) side(s *config.Sync, order int, c *config.Connector) *sourceSide {
	return &sourceSide{ref: c.Ref(), id: c.ID(), order: order, pushed: s.PushAndPull() && e.Pushed != nil && e.Pushed(c.Type)}
}

// Drift tells how what was pushed to a sync stands; nil for one that does not compare.
func (e *Engine) Drift(v store.Reader, name string) (*DriftReport, error) {
	s := e.Config.Sync(name)
	ids, err := v.Syncs()
	if err != nil || s == nil || !s.PushAndPull() {
		return nil, err
	}
	report := &DriftReport{}
	for i, c := range s.From {
		side := e.side(s, i, c)
		switch {
		case side.pushed && report.Pushed == "":
			report.Pushed = side.ref
		case !side.pushed && report.Pulled == "":
			report.Pulled = side.ref
		}
	}
	if report.Pushed == "" || report.Pulled == "" {
		return nil, nil
	}
	return report, report.stand(v, ids[name], e.Now().Add(-s.Drift.Patience))
}

// stand counts what stands; what began after the time is late.
func (d *DriftReport) stand(v store.Reader, sid store.SyncID, after time.Time) error {
	count, err := v.CountDrift(sid, after)
	if err != nil {
		return err
	}
	d.Late, d.Lost, d.Contradicted = count.Late, count.Lost, count.Contradicted
	longest, err := v.Drifts(sid, mostDrift)
	if err != nil {
		return err
	}
	d.Standing, err = viewDrifts(v, longest, after)
	return err
}

func viewDrifts(v store.Reader, ds []store.Drift, after time.Time) ([]DriftView, error) {
	ps := make([]store.ID, len(ds))
	for i := range ds {
		ps[i] = ds[i].P
	}
	people, err := v.People(ps)
	if err != nil {
		return nil, err
	}
	labels := map[store.ID]string{}
	for _, p := range people {
		labels[p.P] = p.Label
	}
	var out []DriftView
	for i := range ds {
		view := DriftView{Person: labels[ds[i].P], Kind: DriftContradicted, Since: ds[i].Since(), Differences: ds[i].Differences}
		switch {
		case view.Since.After(after):
			view.Kind = DriftLate
		case ds[i].Missing:
			view.Kind = DriftLost
		}
		out = append(out, view)
	}
	return out, nil
}

// drifted reports on drift after what a run found out is stored.
func (r *run) drifted(tx store.Tx, ev *evaluation) (err error) {
	if ev.pair == nil {
		return nil
	}
	if r.report.Drift, err = r.Drift(tx, r.sync.Name); err != nil || r.report.Drift == nil {
		return err
	}
	after := r.began.Add(-r.sync.Drift.Patience)
	var came []store.Drift
	for i := range ev.pair.ended {
		if d := &ev.pair.ended[i]; !d.Since().After(after) {
			r.report.Drift.Arrived++
			if len(came) < mostDrift {
				came = append(came, *d)
			}
		}
	}
	r.report.Drift.Arrivals, err = viewDrifts(tx, came, after)
	return err
}
