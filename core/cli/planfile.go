package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"syncgateway/core/api"
	"syncgateway/core/plan"
)

// writePlan writes a plan to a file, as JSON lines, for apply.
func (c *call) writePlan(path string, p *plan.Plan) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	if err := errors.Join(p.Write(f), f.Close()); err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	c.text("Written to %s. `gateway apply %s` carries out exactly these steps.\n", path, path)
	return nil
}

// printRun prints a run as one JSON object, with the steps of its plan in place of the
// plan, each on a line of its own and written as it comes: there may be millions.
func (c *call) printRun(a *api.RunAnswer, p *plan.Plan) error {
	head, err := json.MarshalIndent(struct {
		*api.RunAnswer
		Plan *struct{} `json:"plan,omitempty"`
	}{RunAnswer: a}, "", "  ")
	if err != nil {
		return err
	}
	w := bufio.NewWriter(c.out)
	w.Write(bytes.TrimSuffix(head, []byte("\n}")))
	w.WriteString(",\n  \"steps\": [")
	separator := "\n    "
	for s := range p.Steps.All() {
		line, err := json.Marshal(s)
		if err != nil {
			return err
		}
		w.WriteString(separator)
		w.Write(line)
		separator = ",\n    "
	}
	if p.Steps.Len() > 0 {
		w.WriteString("\n  ")
	}
	w.WriteString("]\n}\n")
	return w.Flush()
}
