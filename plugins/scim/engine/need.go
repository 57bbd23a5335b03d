package engine

// byNeed parts operations into those that refer to each other in a circle and those that
// stand alone, what is needed before what needs it, else as they came (Tarjan's strongly
// connected components).
func byNeed(ops []*bulkOperation) [][]int {
	s := components{ops: ops, seen: make([]int, len(ops)), low: make([]int, len(ops)), open: make([]bool, len(ops))}
	for i := range ops {
		if s.seen[i] == 0 {
			s.visit(i)
		}
	}
	return s.out
}

type components struct {
	ops   []*bulkOperation
	seen  []int // when an operation was come upon, from 1
	low   []int // the earliest it reaches
	open  []bool
	stack []int
	count int
	out   [][]int
}

func (s *components) visit(i int) {
	s.count++
	s.seen[i], s.low[i], s.open[i] = s.count, s.count, true
	s.stack = append(s.stack, i)
	for _, need := range s.ops[i].needs {
		if s.seen[need] == 0 {
			s.visit(need)
			s.low[i] = min(s.low[i], s.low[need])
		} else if s.open[need] {
			s.low[i] = min(s.low[i], s.seen[need])
		}
	}
	if s.low[i] != s.seen[i] {
		return
	}
	var together []int
	for {
		top := s.stack[len(s.stack)-1]
		s.stack = s.stack[:len(s.stack)-1]
		s.open[top] = false
		together = append(together, top)
		if top == i {
			s.out = append(s.out, together)
			return
		}
	}
}
