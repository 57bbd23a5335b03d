package engine

import (
	"encoding/json"
	"fmt"
	"time"

	"syncgateway/core/plan"
	"syncgateway/core/store"
)

// ViewOperation is a journalled operation for people.
func ViewOperation(op store.Operation) (OperationView, error) {
	var s plan.Step
	if err := json.Unmarshal(op.Step, &s); err != nil {
		return OperationView{}, fmt.Errorf("operation %s in the journal: %w", op.ID, err)
	}
	return OperationView{Run: op.Run, ID: op.ID, Step: s.Line(), Reason: s.Reason, Rule: s.Rule, State: op.State, Answer: op.Answer,
		At: op.At.UTC().Format(time.RFC3339)}, nil
}
