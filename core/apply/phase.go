package apply

import (
	"cmp"
	"slices"

	"syncgateway/core/plan"
	"syncgateway/core/store"
)

// phases are the parts of a plan that must end before the next begins, as the numbers of
// their steps. Whoever is made comes with their memberships, so that a target can invite
// somebody with groups in one call.
func phases(steps *plan.Steps) [][]int32 {
	with := memberships(steps)
	var out [][]int32
	type kind struct {
		class  plan.Class
		remote bool
	}
	var last kind
	for i, h := range steps.Heads() {
		if joins(h) {
			continue
		}
		if k := (kind{phaseOf(h.Class), remote(steps, i, h)}); k != last {
			out, last = append(out, nil), k
		}
		phase := &out[len(out)-1]
		*phase = append(*phase, int32(i))
		if h.Class == plan.CreateUser {
			*phase = append(*phase, with.of(h.P)...)
		}
	}
	return out
}

// joins tells a membership of an account that the plan makes.
func joins(h *plan.Head) bool { return h.Class == plan.AddMember && h.N == 0 }

// joining are the memberships of accounts that a plan makes, by person.
type joining []membership

type membership struct {
	p    store.ID
	step int32
}

func memberships(steps *plan.Steps) joining {
	var j joining
	for i, h := range steps.Of(func(h *plan.Head) bool { return h.Class == plan.AddMember }) {
		if joins(h) {
			j = append(j, membership{h.P, int32(i)})
		}
	}
	slices.SortStableFunc(j, func(a, b membership) int { return cmp.Compare(a.p, b.p) })
	return j
}

// of are the steps about a person.
func (j joining) of(p store.ID) (steps []int32) {
	begin, _ := slices.BinarySearchFunc(j, p, func(m membership, p store.ID) int { return cmp.Compare(m.p, p) })
	for _, m := range j[begin:] {
		if m.p != p {
			break
		}
		steps = append(steps, m.step)
	}
	return steps
}

// remote tells whether the target is called for a step.
func remote(steps *plan.Steps, i int, h *plan.Head) bool {
	switch h.Class {
	case plan.Adopt, plan.Release, plan.RetireGroup, plan.RestoreGroup:
		s := steps.At(i)
		return s.Remote()
	}
	return true
}

// phaseOf joins the classes that do not depend on one another.
func phaseOf(c plan.Class) plan.Class {
	if c == plan.ActivateUser {
		return plan.UpdateUser
	}
	return c
}

// batches cuts a phase, never between a new account and its memberships unless they
// alone are more than a batch.
func batches(steps *plan.Steps, phase []int32, size int) [][]int32 {
	goesOn := func(at int) bool { h := steps.Head(int(phase[at])); return joins(&h) }
	var out [][]int32
	for start := 0; start < len(phase); {
		end := min(start+size, len(phase))
		if end < len(phase) && goesOn(end) {
			cut := end
			for cut > start && goesOn(cut) {
				cut--
			}
			if cut > start {
				end = cut
			}
		}
		out = append(out, phase[start:end])
		start = end
	}
	return out
}
