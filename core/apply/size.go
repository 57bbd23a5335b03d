package apply

import (
	"syncgateway/core/idset"
	"syncgateway/core/plan"
	"syncgateway/core/store"
)

// shrink takes the memberships that went with accounts and groups off the size of the
// target, so that its next read is not taken for a truncated one.
func (a *applier) shrink(tx store.Tx, items []*item) error {
	var users, groups []store.ID
	for _, it := range tookEffect(items, plan.DeleteUser) {
		users = append(users, it.op.N)
	}
	for _, it := range tookEffect(items, plan.DeleteGroup) {
		groups = append(groups, it.op.G)
	}
	ofUsers, err := tx.AccountSets(idset.Of(users))
	if err != nil {
		return err
	}
	ofGroups, err := tx.GroupSets(idset.Of(groups))
	if err != nil {
		return err
	}
	lost := 0
	for _, s := range ofUsers {
		lost += len(s.Groups)
	}
	for _, s := range ofGroups {
		lost += len(s.Users)
	}
	return resize(tx, a.Endpoint, -lost)
}

// resize keeps the number of memberships of an endpoint true between full reads.
func resize(tx store.Tx, ep store.EndpointID, by int) error {
	if by == 0 {
		return nil
	}
	p, err := tx.Population(ep)
	if err != nil {
		return err
	}
	p.Memberships = max(p.Memberships+by, 0)
	return tx.PutPopulation(ep, p)
}
