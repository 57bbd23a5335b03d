package engine

import (
	"context"
	"fmt"
	"time"

	"syncgateway/core/config"
	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/plan"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

// UsageReader is a connector that can tell where groups are used.
type UsageReader interface {
	GroupUsage(ctx context.Context, groupIDs []string) (pluginhost.GroupUsage, error)
}

// mostImpacts bounds how many groups a target is asked about for one plan; what is
// deleted and retired comes first.
const mostImpacts = 50

// impacts asks the target where the groups are used that the plan deletes, retires or
// empties. What it does not tell is said, and holds nothing up. A plan that was made
// before is not asked about again.
func (r *run) impacts(ctx context.Context, p *plan.Plan, digest func() string) error {
	ends, known, err := r.endings(ctx, p, digest)
	if err != nil || len(ends) == 0 {
		return err
	}
	if known == nil {
		r.usage(ctx, ends)
		known = ends
	}
	p.Impacts, r.report.Impacts = known, known
	return nil
}

// endings are the groups that the plan ends, and what a plan of the same digest said of
// them.
func (r *run) endings(ctx context.Context, p *plan.Plan, digest func() string) (ends, known []plan.Impact, err error) {
	err = r.Store.View(ctx, func(v store.Reader) error {
		sizes, err := r.sizesOf(v, p)
		if err != nil {
			return err
		}
		if ends = p.Endings(func(s *plan.Head) int { return sizes[s.G] }); len(ends) == 0 {
			return nil
		}
		if last, err := v.Plan(digest()); err == nil && r.began.Sub(last.Created) < impactsLast {
			known = plan.ImpactsOf(last.Body)
		}
		return nil
	})
	return ends, known, err
}

// impactsLast is how long an answer about a plan that is made again and again is good.
const impactsLast = time.Hour

func (r *run) sizesOf(v store.Reader, p *plan.Plan) (map[store.ID]int, error) {
	var ns []store.ID
	for s := range p.Steps.Kinds() {
		if s.Class == plan.RemoveMember {
			ns = append(ns, s.G)
		}
	}
	sets, err := v.GroupSets(idset.Of(ns))
	sizes := map[store.ID]int{}
	for _, s := range sets {
		sizes[s.N] = len(s.Users)
	}
	return sizes, err
}

// usage fills in what the target tells.
func (r *run) usage(ctx context.Context, ends []plan.Impact) {
	asked := ends[:min(len(ends), mostImpacts)]
	for i := range ends[len(asked):] {
		ends[len(asked)+i].Unseen = []string{fmt.Sprintf("only %d groups of a plan are asked about", mostImpacts)}
	}
	all := func(why string) {
		for i := range asked {
			asked[i].Unseen = append(asked[i].Unseen, why)
		}
	}
	reader, ok := r.conn.(UsageReader)
	if !ok || !r.conn.Description().Capabilities.GroupUsage {
		all("the connector cannot tell where groups are used")
		return
	}
	ids, at := make([]string, len(asked)), map[string]*plan.Impact{}
	for i := range asked {
		ids[i], at[asked[i].Group.ID] = asked[i].Group.ID, &asked[i]
	}
	r.o.told.say(Progress{Stage: StageJudge, Of: r.sync.To.Ref(), Unit: "groups", Total: len(ids)})
	ctx, cancel := context.WithTimeout(ctx, askingFor(r.sync.To))
	defer cancel()
	told, err := reader.GroupUsage(ctx, ids)
	if err != nil {
		all(r.Redact.String(err.Error()))
		return
	}
	for _, u := range told.Uses {
		if x := at[u.GroupID]; x != nil {
			x.Uses = append(x.Uses, useText(&u))
		}
	}
	for _, why := range told.Unseen {
		all(why)
	}
}

// askingFor is how long the target may take to tell.
func askingFor(c *config.Connector) time.Duration {
	const most = 2 * time.Minute
	if c.Host.CheckTimeout > 0 {
		return min(2*c.Host.CheckTimeout, most)
	}
	return most
}

func useText(u *pluginhost.GroupUse) string {
	text := fmt.Sprintf("%s %q", u.Place, identity.Visible(u.Name, 120))
	if u.Detail != "" {
		text += " (" + identity.Visible(u.Detail, 300) + ")"
	}
	return text
}
