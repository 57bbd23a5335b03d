package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"syncgateway/core/identity"
	"syncgateway/core/plan"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

// wanted is everything that a plan of the property test is to bring about. The people
// 1… are made, the accounts a0… exist.
func wanted(b *bench, t *rapid.T) []plan.Step {
	var steps []plan.Step
	for i := range rapid.IntRange(0, 2).Draw(t, "groups") {
		steps = append(steps, plan.Step{Head: plan.Head{Class: plan.CreateGroup, Group: &plan.Ref{Name: fmt.Sprintf("new%d", i)}}})
	}
	groups := len(steps)
	for p := range rapid.IntRange(0, 6).Draw(t, "people") {
		mail := fmt.Sprintf("new%d@example.org", p)
		steps = append(steps, create(store.ID(p+1), mail))
		for i := range groups {
			steps = append(steps, plan.Step{Head: plan.Head{Class: plan.AddMember, P: store.ID(p + 1), User: &plan.Ref{Name: mail}, Group: &plan.Ref{Name: fmt.Sprintf("new%d", i)}}})
		}
		steps = append(steps, plan.Step{Head: plan.Head{Class: plan.AddMember, P: store.ID(p + 1), User: &plan.Ref{Name: mail}, Group: &plan.Ref{ID: "g0", Name: "g0"}, G: b.groups["g0"]}})
	}
	for i := range 4 {
		ext := fmt.Sprintf("a%d", i)
		s := plan.Step{Head: plan.Head{P: store.ID(100 + i), User: b.user(ext), N: b.accounts[ext]}}
		switch class := rapid.SampledFrom([]plan.Class{plan.UpdateUser, plan.ActivateUser, plan.DeactivateUser, plan.DeleteUser, plan.RemoveMember}).Draw(t, "class"); class {
		case plan.UpdateUser:
			s.Changes = []plan.Change{{Field: "display_name", Before: []string{ext}, After: []string{"renamed"}}}
			fallthrough
		default:
			s.Class = class
		case plan.RemoveMember:
			s.Class, s.Group, s.G = class, &plan.Ref{ID: "g1", Name: "g1"}, b.groups["g1"]
		}
		steps = append(steps, s)
	}
	return append(steps, plan.Step{Head: plan.Head{Class: plan.DeleteGroup, Group: &plan.Ref{ID: "g2", Name: "g2"}, G: b.groups["g2"]}})
}

func ordered(steps []plan.Step) []plan.Step {
	p := &plan.Plan{Steps: plan.Pack(steps...)}
	p.Sort()
	return p.Steps.List()
}

// again is the part of the steps that is not known to be done, as a new plan would
// name it: with the accounts and groups that are there by now.
func (b *bench) again(steps []plan.Step) []plan.Step {
	took := map[string]bool{}
	for _, op := range b.journal() {
		if op.State == store.OpApplied || op.State == store.OpAlready {
			took[string(op.Step)] = true
		}
	}
	var rest []plan.Step
	b.view(func(v store.Reader) error {
		for _, s := range steps {
			if took[b.body(s)] {
				continue
			}
			if s.Class == plan.AddMember {
				if links, err := v.LinksOf([]store.ID{s.P}); err != nil {
					return err
				} else if len(links) > 0 {
					rows, err := v.Accounts([]store.ID{links[0].N})
					if err != nil {
						return err
					}
					s.N, s.User = links[0].N, &plan.Ref{ID: rows[0].Ext, Name: s.User.Name}
				}
				if found, err := v.GroupsByName(b.opts.Endpoint, []string{s.Group.Name}); err != nil {
					return err
				} else if g := found[s.Group.Name]; len(g) > 0 {
					s.G, s.Group = g[0].N, &plan.Ref{ID: g[0].Ext, Name: s.Group.Name}
				}
				if took[b.body(s)] {
					continue
				}
			}
			rest = append(rest, s)
		}
		return nil
	})
	return ordered(rest)
}

func (b *bench) body(s plan.Step) string {
	steps := plan.Pack(s)
	return string((&applier{Options: b.opts, steps: &steps}).item(0).op.Step)
}

// Whatever becomes of single operations and of the answers to them, everything is done
// in the end, nothing twice, and the store knows what the target looks like.
func TestEverythingOnceWhateverHappens(t *testing.T) {
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		b := newBench(t, fmt.Sprintf("%s/%d", t.TempDir(), n))
		defer b.st.Close()
		for i := range 4 {
			b.account(fmt.Sprintf("a%d", i), store.ID(100+i), i%2 == 0)
		}
		b.group("g0", "g0")
		b.group("g1", "g1", "a0", "a1", "a2", "a3")
		b.group("g2", "g2")
		steps := wanted(b, rt)
		b.opts.MaxBatch, b.opts.Concurrency = rapid.IntRange(1, 5).Draw(rt, "batch"), rapid.IntRange(1, 3).Draw(rt, "at once")
		odds := rapid.SliceOfN(rapid.SampledFrom([]fate{done, done, lostAnswer, neverDone, unavailable, unclear, refused, unanswered, twice}), 40, 40).Draw(rt, "fates")
		at := 0
		b.sys.fate = func(*pluginhost.Operation) fate {
			b.sys.mu.Lock()
			defer b.sys.mu.Unlock()
			if at++; at > len(odds) {
				return done
			}
			return odds[at-1]
		}
		rest := ordered(steps)
		for round := 0; len(rest) > 0; round++ {
			if round > 60 {
				rt.Fatalf("not done after %d rounds: %v", round, rest)
			}
			report, err := b.run(context.Background(), rest)
			if err != nil && !errors.Is(err, errBroken) {
				rt.Fatal(err)
			}
			if sum := report.Applied + report.Already + report.Failed + report.NotAttempted + report.Unknown; err == nil && sum != len(rest) {
				rt.Fatalf("%d outcomes of %d steps: %+v", sum, len(rest), report)
			}
			open := b.unfinished()
			if settled, err := Recover(context.Background(), b.opts); err != nil || settled != open || b.unfinished() != 0 {
				rt.Fatalf("%d operations were open, %d settled, %d left: %v", open, settled, b.unfinished(), err)
			}
			rest = b.again(steps)
		}
		b.judge(rt, steps)
	})
}

// judge compares the target with its log and with the store.
func (b *bench) judge(t *rapid.T, steps []plan.Step) {
	seen := map[string]bool{}
	for _, what := range b.sys.log {
		if seen[what] {
			t.Fatalf("done twice: %s", what)
		}
		seen[what] = true
	}
	b.view(func(v store.Reader) error {
		for id, u := range b.sys.users {
			rows, err := v.AccountsByExt(b.opts.Endpoint, []string{id})
			if err != nil || len(rows) != 1 {
				t.Fatalf("account %s is not in the store: %v", id, err)
			}
			is, err := identity.DecodeUser(rows[0].Record)
			if err != nil || is.DisplayName != u.DisplayName || rows[0].Flags.Has(store.Active) != u.Active {
				t.Fatalf("account %s is %+v in the store and %+v in the target", id, is, u)
			}
		}
		for id, members := range b.sys.members {
			rows, err := v.GroupsByExt(b.opts.Endpoint, []string{id})
			if err != nil || len(rows) != 1 {
				t.Fatalf("group %s is not in the store: %v", id, err)
			}
			sets, err := v.GroupSets([]store.ID{rows[0].N})
			if err != nil {
				return err
			}
			count := 0
			for u, in := range members {
				if _, there := b.sys.users[u]; !in || !there {
					continue
				}
				count++
				acc, err := v.AccountsByExt(b.opts.Endpoint, []string{u})
				if err != nil || len(sets) == 0 || !sets[0].Users.Has(acc[0].N) {
					t.Fatalf("%s is in %s, and the store does not know: %v", u, id, err)
				}
				if own, err := v.AccountSets([]store.ID{acc[0].N}); err != nil || !own[0].Ours.Has(rows[0].N) {
					t.Fatalf("that %s is in %s is ours, and the ledger does not know: %v", u, id, err)
				}
			}
			if len(sets) > 0 && id != "g1" && len(sets[0].Users) != count {
				t.Fatalf("group %s has %d members, and %d in the store", id, count, len(sets[0].Users))
			}
		}
		return nil
	})
	for _, s := range steps {
		if s.Class == plan.CreateUser && !seen["create "+s.Account.Email] {
			t.Fatalf("never made: %s", s.Account.Email)
		}
	}
}

func TestRefusedCredentialStops(t *testing.T) {
	b := newBench(t, t.TempDir())
	defer b.st.Close()
	b.opts.MaxBatch, b.opts.Concurrency, b.sys.auth = 1, 1, true
	report, err := b.run(t.Context(), []plan.Step{create(1, "a@example.org"), create(2, "b@example.org"), create(3, "c@example.org")})
	if !errors.Is(err, ErrRefused) || len(b.sys.calls) != 1 || report.Failed != 1 {
		t.Errorf("%d calls, %+v, %v", len(b.sys.calls), report, err)
	}
}

func TestCancelInTheMiddle(t *testing.T) {
	b := newBench(t, t.TempDir())
	defer b.st.Close()
	b.opts.MaxBatch, b.opts.Concurrency = 1, 1
	ctx, cancel := context.WithCancel(t.Context())
	b.sys.called = func(n int) {
		if n == 3 {
			cancel()
		}
	}
	var steps []plan.Step
	for p := range 6 {
		steps = append(steps, create(store.ID(p+1), fmt.Sprintf("p%d@example.org", p)))
	}
	report, err := b.run(ctx, steps)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled, and the error is %v", err)
	}
	if len(b.sys.calls) != 3 || report.Applied != 2 || len(b.sys.users) != 2 {
		t.Errorf("%d calls, %+v", len(b.sys.calls), report)
	}
	states := map[string]int{}
	for _, op := range b.journal() {
		states[op.State]++
	}
	if states[store.OpApplied] != 2 || states[store.OpIntent] != 1 || len(states) != 2 {
		t.Errorf("the journal has %v", states)
	}
}

// What the target carried out while the run was being cancelled is written.
func TestResultsAreWrittenWhenCancelled(t *testing.T) {
	b := newBench(t, t.TempDir())
	defer b.st.Close()
	ctx, cancel := context.WithCancel(t.Context())
	b.sys.fate = func(*pluginhost.Operation) fate { cancel(); return done }
	if _, err := b.run(ctx, []plan.Step{create(1, "a@example.org")}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if ops := b.journal(); len(ops) != 1 || ops[0].State != store.OpApplied || ops[0].RemoteID != "U1" {
		t.Errorf("%+v", ops)
	}
}

func TestAnswersThatMakeNoSense(t *testing.T) {
	b := newBench(t, t.TempDir())
	defer b.st.Close()
	b.sys.fate = func(*pluginhost.Operation) fate { return twice }
	report, err := b.run(t.Context(), []plan.Step{create(1, "a@example.org")})
	if err != nil || report.Applied != 1 || report.Failed != 0 {
		t.Errorf("answered twice: %+v, %v", report, err)
	}
	b.opts.Target = nameless{b.sys}
	report, err = b.run(t.Context(), []plan.Step{create(2, "b@example.org")})
	if err != nil || report.Failed != 1 || !strings.Contains(report.Failures[0].Reason, "which id") {
		t.Errorf("made without an id: %+v, %v", report, err)
	}
	// The target answers with an account that is somebody else's.
	b.opts.Target = b.sys
	b.sys.fate = func(*pluginhost.Operation) fate { return done }
	report, err = b.run(t.Context(), []plan.Step{create(3, "a@example.org")})
	if err != nil || report.Failed != 1 || !strings.Contains(report.Failures[0].Reason, "somebody else") {
		t.Errorf("somebody else's account: %+v, %v", report, err)
	}
}

// nameless does not tell the ids of what it made.
type nameless struct{ *system }

func (n nameless) Apply(ctx context.Context, run string, ops []pluginhost.Operation, result func(pluginhost.Result)) error {
	return n.system.Apply(ctx, run, ops, func(r pluginhost.Result) {
		r.RemoteID = ""
		result(r)
	})
}

// Who is made comes with their memberships in one call, unless these alone are more
// than a call takes.
func TestBatchesKeepPeopleTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var steps []plan.Step
		for p := range rapid.IntRange(0, 8).Draw(t, "people") {
			steps = append(steps, create(store.ID(p+1), "x"))
			for range rapid.IntRange(0, 6).Draw(t, "groups") {
				steps = append(steps, plan.Step{Head: plan.Head{Class: plan.AddMember, P: store.ID(p + 1), User: &plan.Ref{}, Group: &plan.Ref{}}})
			}
		}
		size := rapid.IntRange(1, 6).Draw(t, "size")
		var all []plan.Step
		packed := plan.Pack(steps...)
		numbers := make([]int32, len(steps))
		for i := range numbers {
			numbers[i] = int32(i)
		}
		for _, part := range batches(&packed, numbers, size) {
			var batch []plan.Step
			for _, at := range part {
				batch = append(batch, packed.At(int(at)))
			}
			if len(batch) == 0 || len(batch) > size {
				t.Fatalf("a batch of %d with a size of %d", len(batch), size)
			}
			all = append(all, batch...)
			if first := batch[0]; first.Class == plan.AddMember {
				whole := 0
				for _, s := range steps {
					if s.P == first.P {
						whole++
					}
				}
				if whole <= size {
					t.Fatalf("person %d with %d steps is cut, though %d fit", first.P, whole, size)
				}
			}
		}
		if !slices.EqualFunc(all, steps, func(a, b plan.Step) bool { return a.P == b.P && a.Class == b.Class }) {
			t.Fatalf("the batches are not the steps: %v", all)
		}
	})
}

// Every class, with an outcome that nobody knows, is settled by what the target looks
// like: done or not done.
func TestRecoverSettlesEveryClass(t *testing.T) {
	for _, class := range plan.Classes() {
		if class == plan.Adopt || class == plan.Release {
			continue // nothing is called
		}
		for what, f := range map[string]fate{"done": lostAnswer, "not done": neverDone} {
			t.Run(class.String()+" "+what, func(t *testing.T) {
				b := newBench(t, t.TempDir())
				defer b.st.Close()
				b.account("on", 1, true)
				b.account("off", 2, false)
				b.group("g", "g", "on")
				b.sys.fate = func(*pluginhost.Operation) fate { return f }
				report, err := b.run(t.Context(), []plan.Step{b.example(class)})
				if err != nil || report.Unknown != 1 {
					t.Fatalf("%+v, %v", report, err)
				}
				b.sys.blind = true
				if n, err := Recover(t.Context(), b.opts); err == nil || n != 0 || b.unfinished() != 1 {
					t.Errorf("without a complete answer %d were settled: %v", n, err)
				}
				b.sys.blind = false
				if n, err := Recover(t.Context(), b.opts); err != nil || n != 1 {
					t.Errorf("%d settled, %v", n, err)
				}
				want := map[fate]string{lostAnswer: store.OpApplied, neverDone: store.OpNotAttempted}[f]
				if ops := b.journal(); len(ops) != 1 || ops[0].State != want {
					t.Errorf("want %s, got %+v", want, ops)
				}
			})
		}
	}
}

// example is a step of the class that changes something.
func (b *bench) example(class plan.Class) plan.Step {
	s := plan.Step{Head: plan.Head{Class: class, P: 1, User: b.user("on"), N: b.accounts["on"]}}
	switch class {
	case plan.CreateGroup:
		return plan.Step{Head: plan.Head{Class: class, Group: &plan.Ref{Name: "fresh"}}}
	case plan.DeleteGroup:
		return plan.Step{Head: plan.Head{Class: class, Group: &plan.Ref{ID: "g", Name: "g"}, G: b.groups["g"]}}
	case plan.CreateUser:
		return create(3, "fresh@example.org")
	case plan.RetireGroup, plan.RestoreGroup:
		return plan.Step{Head: plan.Head{Class: class, Group: &plan.Ref{ID: "g", Name: "g"}, G: b.groups["g"]}, Changes: []plan.Change{{Field: "description", After: []string{"other"}}}}
	case plan.UpdateUser:
		s.Changes = []plan.Change{{Field: "display_name", After: []string{"other"}}}
	case plan.ActivateUser, plan.AddMember:
		s.P, s.User, s.N = 2, b.user("off"), b.accounts["off"]
	}
	if class == plan.AddMember || class == plan.RemoveMember {
		s.Group, s.G = &plan.Ref{ID: "g", Name: "g"}, b.groups["g"]
	}
	return s
}
