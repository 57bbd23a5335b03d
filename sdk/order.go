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
	var place func(i int)
	place = func(i int) {
		queue := []int{i}
		for len(queue) > 0 {
			i, queue = queue[0], queue[1:]
			if placed[i] || missing[ops[i].ID] > 0 {
				continue
			}
			placed[i] = true
			sorted = append(sorted, ops[i])
			for _, next := range followers[ops[i].ID] {
				missing[ops[next].ID]--
				if next < i {
					queue = append(queue, next) // passed over before
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
