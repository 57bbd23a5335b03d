package pluginhost

import (
	"context"
	"errors"
	"slices"

	pb "syncgateway/proto/gateway/plugin/v1"
)

// GroupUse is one place in the target that names a group.
type GroupUse struct {
	GroupID string
	Place   string // "permission scheme"
	Name    string // "Default"
	Detail  string // "Browse projects"
}

// GroupUsage is where groups are used. What is in neither list was looked at, and does
// not use them.
type GroupUsage struct {
	Uses   []GroupUse
	Unseen []string // what could not be looked at and why
}

// mostUses bounds what is taken of one answer.
const mostUses = 10_000

// GroupUsage asks a target where groups are used. Its description tells whether it can
// say (Capabilities.GroupUsage). Errors are as for Lookup.
func (p *Plugin) GroupUsage(ctx context.Context, groupIDs []string) (usage GroupUsage, err error) {
	s, err := p.ready(ctx)
	if err != nil {
		return usage, err
	}
	m, err := pb.NewTargetServiceClient(s.conn).GroupUsage(ctx, &pb.GroupUsageRequest{GroupIds: groupIDs})
	if err != nil {
		return usage, p.broken(ctx, s, "ask where groups are used", err)
	}
	if f := m.GetFailure(); f != nil {
		return usage, p.failure(f)
	}
	for _, u := range m.GetUses() {
		if !slices.Contains(groupIDs, u.GetGroupId()) {
			return GroupUsage{}, p.broken(ctx, s, "ask where groups are used", errors.New("it answered about a group that was not asked for"))
		}
		if len(usage.Uses) == mostUses {
			usage.Unseen = append(usage.Unseen, "there are more places than are shown")
			break
		}
		usage.Uses = append(usage.Uses, GroupUse{GroupID: u.GetGroupId(), Place: p.clean(u.GetPlace()), Name: p.clean(u.GetName()), Detail: p.clean(u.GetDetail())})
	}
	for _, why := range m.GetUnseen()[:min(len(m.GetUnseen()), 20)] {
		usage.Unseen = append(usage.Unseen, p.clean(why))
	}
	return usage, nil
}
