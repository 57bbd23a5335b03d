package sdk

// predecessors are the operations that must succeed before op, named or implied.
func predecessors(op Operation) []string {
	before := op.After
	for _, id := range []string{op.Member.GroupOperation, op.Member.UserOperation} {
		if id != "" {
			before = append(before[:len(before):len(before)], id)
		}
	}
	return before
}

// inOrder sorts the operations so that each comes after its predecessors, otherwise
// as they came. Stuck are those that never can: they wait for an operation that is
// not in the batch, or for each other.
func inOrder(ops []Operation) (sorted, stuck []Operation) {
	missing := make(map[string]int, len(ops)) // predecessors not yet placed
	followers := map[string][]int{}
	for i, op := range ops {
		for _, id := range predecessors(op) {
			missing[op.ID]++
			followers[id] = append(followers[id], i)
		}
	}
	placed := make([]bool, len(ops))
	place := func(reached int) {
		for queue := []int{reached}; len(queue) > 0; {
			var i int
			i, queue = queue[0], queue[1:]
			if placed[i] || missing[ops[i].ID] > 0 {
				continue
			}
			placed[i] = true
			sorted = append(sorted, ops[i])
			for _, next := range followers[ops[i].ID] {
				missing[ops[next].ID]--
				if next < reached { // it was passed over before
					queue = append(queue, next)
				}
			}
		}
	}
	for i := range ops {
		place(i)
	}
	for i, op := range ops {
		if !placed[i] {
			stuck = append(stuck, op)
		}
	}
	return sorted, stuck
}
