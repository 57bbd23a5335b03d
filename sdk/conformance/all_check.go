package conformance

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/conformance/internal/proxy"
)

func checkChecks() []check {
	return []check{
		{id: "all.check-passes", role: roleAll, title: "Check passes when everything is right, in named steps", needs: needConfig,
			look: "the steps of Check: each needs a name of its own and an outcome", run: checkPasses},
		{id: "all.check-names-step", role: roleAll, title: "Check names the step that failed, and says what is wrong", needs: needConfig | needProxy,
			look: "Check with a credential that is refused: the step must be sent as failed, with a diagnostic, and no later one that needs it as passed", run: checkNamesStep},
	}
}

func checkPasses(ctx context.Context, b *bench) error {
	s, err := b.connector(ctx)
	if err != nil {
		return err
	}
	if b.remote != nil {
		if _, err := b.seed(ctx, cast); err != nil {
			if _, skip := asSkip(err); !skip { // a listener has nothing to be seeded
				return err
			}
		}
	}
	steps, err := checked(ctx, s)
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for _, step := range steps {
		switch {
		case step.GetStep() == "" || names[step.GetStep()]:
			return fmt.Errorf("a step is called %q, which is no name or that of another", step.GetStep())
		case step.GetOutcome() != pb.CheckResponse_OUTCOME_PASSED:
			return fmt.Errorf("step %q is %s although nothing is wrong: %s", step.GetStep(), step.GetOutcome(), diagnostics(step.GetDiagnostics()))
		}
		names[step.GetStep()] = true
	}
	if len(steps) == 0 {
		return errors.New("it has no step")
	}
	b.sawf("%d steps", len(steps))
	return nil
}

func checkNamesStep(ctx context.Context, b *bench) error {
	s, err := b.connector(ctx)
	if err != nil {
		return err
	}
	fault := b.misbehave(&proxy.Fault{Kind: proxy.Status, Status: http.StatusUnauthorized})
	steps, err := checked(ctx, s)
	if err == nil {
		err = fired(fault)
	}
	if err != nil {
		return err
	}
	wrong := 0
	for _, step := range steps {
		if step.GetOutcome() != pb.CheckResponse_OUTCOME_FAILED {
			continue
		}
		wrong++
		if step.GetStep() == "" || !failed(step.GetDiagnostics()) || step.GetDiagnostics()[0].GetSummary() == "" {
			return fmt.Errorf("step %q failed, with %s", step.GetStep(), diagnostics(step.GetDiagnostics()))
		}
		b.sawf("failed: %s", step.GetStep())
	}
	if wrong == 0 {
		return fmt.Errorf("every request was answered with 401, and none of %d steps failed", len(steps))
	}
	return nil
}
