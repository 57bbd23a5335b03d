package api

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"syncgateway/core/engine"
)

// metrics serves the state of the gateway in the Prometheus format. It is gathered
// when it is asked for: there is nothing to keep up to date.
func (s *Service) metrics(w http.ResponseWriter, r *http.Request) {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collector{s, r})
	promhttp.HandlerFor(reg, promhttp.HandlerOpts{}).ServeHTTP(w, r)
}

var (
	infoDesc = prometheus.NewDesc("syncgateway_info", "The gateway that answers.", []string{"version"}, nil)
	runDesc  = prometheus.NewDesc("syncgateway_last_run_timestamp_seconds", "When the last run of a sync began.", []string{"sync", "state"}, nil)
	tookDesc = prometheus.NewDesc("syncgateway_last_run_duration_seconds", "How long the last run of a sync took.", []string{"sync"}, nil)
	pausDesc = prometheus.NewDesc("syncgateway_paused", "1 while a sync is paused and applies nothing.", []string{"sync"}, nil)
	heldDesc = prometheus.NewDesc("syncgateway_plan_held", "1 while a plan of a sync waits for an approval.", []string{"sync"}, nil)
	usedDesc = prometheus.NewDesc("syncgateway_budget_used", "Steps applied within the window of a budget that nobody approved.", []string{"sync", "action", "window"}, nil)
	mostDesc = prometheus.NewDesc("syncgateway_budget_limit", "How many steps of an action a budget lets through in its window.", []string{"sync", "action", "window"}, nil)
	tokeDesc = prometheus.NewDesc("syncgateway_token_expiry_timestamp_seconds", "When a token by which clients push ends.", []string{"source", "token"}, nil)
	drifDesc = prometheus.NewDesc("syncgateway_drift", "People of whom what was pushed differs from what was read, by how.", []string{"sync", "kind"}, nil)
	peopDesc = prometheus.NewDesc("syncgateway_people", "People of a sync by what the last run made of them.", []string{"sync", "outcome"}, nil)
)

type collector struct {
	s *Service
	r *http.Request
}

// Describe implements prometheus.Collector.
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{infoDesc, runDesc, tookDesc, pausDesc, heldDesc, usedDesc, mostDesc, tokeDesc, peopDesc, openDesc, leftDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.MustNewConstMetric(infoDesc, prometheus.GaugeValue, 1, c.s.Gateway.Version)
	status, err := c.s.Status(c.r.Context())
	if err != nil {
		ch <- prometheus.NewInvalidMetric(runDesc, err)
		return
	}
	tokens, err := c.s.Tokens(c.r.Context(), "")
	if err != nil {
		ch <- prometheus.NewInvalidMetric(tokeDesc, err)
	}
	for _, t := range tokens {
		if t.InUse && !t.Expires.IsZero() {
			ch <- prometheus.MustNewConstMetric(tokeDesc, prometheus.GaugeValue, float64(t.Expires.Unix()), t.Source, t.ID)
		}
	}
	for _, sync := range status.Syncs {
		c.leavers(ch, sync.Name)
		if sync.Last != nil {
			ch <- prometheus.MustNewConstMetric(runDesc, prometheus.GaugeValue, float64(sync.Last.Started.UnixMilli())/1000, sync.Name, sync.Last.State)
			if !sync.Last.Ended.IsZero() {
				ch <- prometheus.MustNewConstMetric(tookDesc, prometheus.GaugeValue, sync.Last.Ended.Sub(sync.Last.Started).Seconds(), sync.Name)
			}
		}
		ch <- prometheus.MustNewConstMetric(pausDesc, prometheus.GaugeValue, oneIf(sync.Paused != nil), sync.Name)
		ch <- prometheus.MustNewConstMetric(heldDesc, prometheus.GaugeValue, oneIf(sync.Held != nil), sync.Name)
		for _, b := range sync.Budgets {
			ch <- prometheus.MustNewConstMetric(usedDesc, prometheus.GaugeValue, float64(b.Used), sync.Name, b.Action, b.Window)
			ch <- prometheus.MustNewConstMetric(mostDesc, prometheus.GaugeValue, float64(b.Limit), sync.Name, b.Action, b.Window)
		}
		if d := sync.Drift; d != nil {
			for kind, n := range map[string]int{engine.DriftLate: d.Late, engine.DriftLost: d.Lost, engine.DriftContradicted: d.Contradicted} {
				ch <- prometheus.MustNewConstMetric(drifDesc, prometheus.GaugeValue, float64(n), sync.Name, kind)
			}
		}
		for outcome, n := range sync.Outcomes {
			ch <- prometheus.MustNewConstMetric(peopDesc, prometheus.GaugeValue, float64(n), sync.Name, outcome)
		}
	}
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
