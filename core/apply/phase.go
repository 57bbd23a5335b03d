package apply

import (
	"syncgateway/core/plan"
	"syncgateway/core/store"
)

// phases are the parts of a plan that must end before the next begins. Whoever is made
// comes with their memberships, so that a target can invite somebody with groups in
// one call.
func phases(steps []plan.Step) [][]plan.Step {
	withUser := map[store.ID][]plan.Step{}
	var rest []plan.Step
	for _, s := range steps {
		if s.Class == plan.AddMember && s.N == 0 {
			withUser[s.P] = append(withUser[s.P], s)
		} else {
			rest = append(rest, s)
		}
	}
	var out [][]plan.Step
	type kind struct {
		class  plan.Class
		remote bool
	}
	var last kind
	for _, s := range rest {
		if p := (kind{phaseOf(s.Class), s.Remote()}); p != last {
			out, last = append(out, nil), p
		}
		phase := &out[len(out)-1]
		*phase = append(*phase, s)
		if s.Class == plan.CreateUser {
			*phase = append(*phase, withUser[s.P]...)
		}
	}
	return out
}

// phaseOf joins the classes that do not depend on one another.
func phaseOf(c plan.Class) plan.Class {
	if c == plan.ActivateUser {
		return plan.UpdateUser
	}
	return c
}

// batches cuts the steps, never between a new account and its memberships unless they
// alone are more than a batch.
func batches(steps []plan.Step, size int) [][]plan.Step {
	var out [][]plan.Step
	for start := 0; start < len(steps); {
		end := min(start+size, len(steps))
		if end < len(steps) && steps[end].Class == plan.AddMember && steps[end].N == 0 {
			cut := end
			for cut > start && steps[cut].Class == plan.AddMember && steps[cut].N == 0 {
				cut--
			}
			if cut > start {
				end = cut
			}
		}
		out = append(out, steps[start:end])
		start = end
	}
	return out
}
