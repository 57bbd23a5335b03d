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
	return OperationView{Run: op.Run, ID: op.ID, Step: s.Line(), Reason: s.Reason, Rule: s.Rule, State: op.State, Answer: op.Answer, Request: request(&s, &op),
		At: op.At.UTC().Format(time.RFC3339)}, nil
}

// request is what the target was asked, with its own ids.
func request(s *plan.Step, op *store.Operation) string {
	if !s.Remote() {
		return "nothing: it is the gateway's own note"
	}
	text := operationOf[s.Class].String()
	for _, x := range []struct {
		name string
		ref  *plan.Ref
	}{{"user", s.User}, {"group", s.Group}} {
		switch {
		case x.ref == nil:
		case x.ref.ID != "":
			text += " " + x.name + "=" + x.ref.ID
		default:
			text += fmt.Sprintf(" %s=%q", x.name, x.ref.Name)
		}
	}
	if op.RemoteID != "" && (s.User == nil || s.User.ID != op.RemoteID) && (s.Group == nil || s.Group.ID != op.RemoteID) {
		text += " → " + op.RemoteID
	}
	return text
}
