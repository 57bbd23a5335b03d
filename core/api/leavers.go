package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"syncgateway/core/engine"
	"syncgateway/core/store"
)

// LeaversAnswer is who left, oldest first, and how long it took until access had ended.
type LeaversAnswer struct {
	Leavers []engine.LeaverView `json:"leavers"`
	Open    int                 `json:"open"` // not confirmed, and not returned
	// FromSource counts from when the source said so, FromSeen from when the gateway
	// saw it. Both end with the confirmation by the target.
	FromSource Delays `json:"from_source"`
	FromSeen   Delays `json:"from_seen"`
}

// Delays are the spread of some lengths of time.
type Delays struct {
	Count int           `json:"count"`
	P50   time.Duration `json:"p50"`
	P95   time.Duration `json:"p95"`
	Max   time.Duration `json:"max"`
}

// Leavers tells who left, of one sync or of all, seen since a time.
func (s *Service) Leavers(ctx context.Context, sync string, since time.Time) (*LeaversAnswer, error) {
	if sync != "" && s.Gateway.Config.Sync(sync) == nil {
		return nil, s.noSync(sync)
	}
	a := &LeaversAnswer{Leavers: []engine.LeaverView{}}
	err := s.Gateway.Store.View(ctx, func(v store.Reader) error {
		for _, c := range s.Gateway.Config.Syncs {
			if sync != "" && c.Name != sync {
				continue
			}
			ls, err := engine.ViewLeavers(v, c.Name, since)
			if err != nil {
				return err
			}
			a.Leavers = append(a.Leavers, ls...)
		}
		return nil
	})
	if err != nil {
		return nil, s.fault(err)
	}
	slices.SortStableFunc(a.Leavers, func(x, y engine.LeaverView) int { return x.Seen.Compare(y.Seen) })
	a.sum()
	return a, nil
}

func (a *LeaversAnswer) sum() {
	var fromSource, fromSeen []time.Duration
	for i := range a.Leavers {
		l := &a.Leavers[i]
		if l.State == "waiting" || l.State == "asked" {
			a.Open++
		}
		if l.Confirmed.IsZero() {
			continue
		}
		fromSeen = append(fromSeen, max(0, l.Confirmed.Sub(l.Seen)))
		if !l.Said.IsZero() {
			fromSource = append(fromSource, max(0, l.Confirmed.Sub(l.Said)))
		}
	}
	a.FromSource, a.FromSeen = delays(fromSource), delays(fromSeen)
}

// delays gives, for a share, the shortest length that this share does not exceed.
func delays(ds []time.Duration) Delays {
	if len(ds) == 0 {
		return Delays{}
	}
	slices.Sort(ds)
	at := func(percent int) time.Duration { return ds[(len(ds)*percent+99)/100-1] }
	return Delays{Count: len(ds), P50: at(50), P95: at(95), Max: ds[len(ds)-1]}
}

var (
	openDesc = prometheus.NewDesc("syncgateway_leavers_open", "Leavers whose access is not confirmed to have ended.", []string{"sync"}, nil)
	leftDesc = prometheus.NewDesc("syncgateway_leaver_seconds", "How long it took until the target confirmed that leavers of the last 30 days had no access, from when the source said so or from when it was seen.",
		[]string{"sync", "from", "quantile"}, nil)
)

// leaversLast is how far back the metrics look.
const leaversLast = 30 * 24 * time.Hour

func (c collector) leavers(ch chan<- prometheus.Metric, sync string) {
	a, err := c.s.Leavers(c.r.Context(), sync, time.Now().Add(-leaversLast))
	if err != nil {
		ch <- prometheus.NewInvalidMetric(leftDesc, err)
		return
	}
	ch <- prometheus.MustNewConstMetric(openDesc, prometheus.GaugeValue, float64(a.Open), sync)
	for from, d := range map[string]Delays{"source": a.FromSource, "seen": a.FromSeen} {
		if d.Count == 0 {
			continue
		}
		for quantile, x := range map[string]time.Duration{"0.5": d.P50, "0.95": d.P95, "1": d.Max} {
			ch <- prometheus.MustNewConstMetric(leftDesc, prometheus.GaugeValue, x.Seconds(), sync, from, quantile)
		}
	}
}

// Leavers tells who left.
func (c *Client) Leavers(ctx context.Context, sync string, since time.Time) (*LeaversAnswer, error) {
	var a LeaversAnswer
	q := url.Values{"sync": {sync}}
	if !since.IsZero() {
		q.Set("since", since.Format(time.RFC3339))
	}
	return &a, c.call(ctx, http.MethodGet, "/v1/leavers?"+q.Encode(), nil, &a)
}
