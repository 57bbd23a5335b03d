package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"syncgateway/core/diag"
	"syncgateway/core/pluginhost"
)

// KitRun is what the conformance kit is asked to do.
type KitRun struct {
	Binary  string
	Harness []string        // command of the author's harness; none: what needs one is skipped
	Dir     string          // folder that the harness runs in
	Config  json.RawMessage // nil: the harness's
	Only    []string        // ids of checks, or patterns
}

// KitReport is what the kit found. It is JSON as it is, too.
type KitReport interface {
	Text(w io.Writer) error
	Passed() bool
	// Subject names what was tested: its type, the hash of its binary, the kit's version.
	Subject() (typ, sha256, kit string)
}

// Kit runs the conformance kit. It belongs to the SDK, of which core knows nothing:
// main hands it in.
type Kit func(ctx context.Context, r KitRun) (KitReport, error)

// testPlugin runs the kit on a binary, and records that it passed where that is asked
// for.
func (c *call) testPlugin(ctx context.Context, binary string, f *pluginFlags) error {
	r := KitRun{Binary: binary}
	if f.only != "" {
		r.Only = []string{f.only}
	}
	given := c.flags.Lookup("config").Value.String() != c.flags.Lookup("config").DefValue
	if given {
		if err := readTest(c.config, &r); err != nil {
			return err
		}
	}
	if _, err := os.Stat(binary); err != nil {
		return exit{exitUsage, "Error: " + err.Error()}
	}
	report, err := c.kit(ctx, r)
	if err != nil {
		return err
	}
	if err := c.showReport(report, f.report); err != nil {
		return err
	}
	if !report.Passed() {
		return exit{code: exitFailed}
	}
	if !f.record {
		return nil
	}
	if r.Only != nil || r.Harness == nil {
		return exit{exitUsage, "Nothing was recorded: that takes a run of all checks, with a harness."}
	}
	typ, sum, version := report.Subject()
	if err := pluginhost.RecordConformance(f.lock, typ, binary, sum, version); err != nil {
		return err
	}
	c.text("Recorded in %s: this binary of %s passed kit %s.\n", f.lock, typ, version)
	return nil
}

func (c *call) showReport(report KitReport, file string) error {
	if file != "" {
		data, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(file, append(data, '\n'), 0o644); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	if c.json {
		return c.printJSON(report)
	}
	return report.Text(c.out)
}

// testSchema is the grammar of a test file.
var testSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "harness"}, {Type: "config"}}}

// readTest reads a test file: the command of the harness, and the configuration where
// the harness does not give it. The command runs in the folder of the file. In the
// configuration, remote stands for the address of the harness's system, and every
// value may be a literal: the secrets of a pretend system are none.
func readTest(path string, r *KitRun) error {
	src, err := os.ReadFile(path)
	if err != nil {
		return exit{exitUsage, "Error: " + err.Error()}
	}
	file, ds := hclsyntax.ParseConfig(src, path, hcl.InitialPos)
	if ds.HasErrors() {
		return diag.FromHCL("test.syntax", ds)
	}
	content, ds := file.Body.Content(testSchema)
	if ds.HasErrors() {
		return diag.FromHCL("test.syntax", ds)
	}
	for _, block := range content.Blocks {
		if block.Type == "harness" {
			r.Dir = filepath.Dir(path)
			r.Harness, ds = harnessCommand(block.Body)
		} else {
			r.Config, ds = literalConfig(block.Body)
		}
		if ds.HasErrors() {
			return diag.FromHCL("test.value", ds)
		}
	}
	return nil
}

func harnessCommand(body hcl.Body) ([]string, hcl.Diagnostics) {
	content, ds := body.Content(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "command", Required: true}}})
	if ds.HasErrors() {
		return nil, ds
	}
	expr := content.Attributes["command"].Expr
	v, ds := expr.Value(nil)
	if ds.HasErrors() {
		return nil, ds
	}
	var command []string
	data, err := ctyjson.Marshal(v, v.Type())
	if err == nil {
		err = json.Unmarshal(data, &command)
	}
	if err != nil || len(command) == 0 {
		return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Not a command", Detail: "command is a list of texts: the program and its arguments.",
			Subject: expr.Range().Ptr()}}
	}
	return command, nil
}

// literalConfig makes JSON of a block of attributes and nested blocks, without the
// plugin's schema: what is wrong with it is for the plugin to say.
func literalConfig(body hcl.Body) (json.RawMessage, hcl.Diagnostics) {
	native, ok := body.(*hclsyntax.Body)
	if !ok {
		return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Unsupported syntax"}}
	}
	out, ds := literals(native)
	if ds.HasErrors() {
		return nil, ds
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(out); err != nil {
		return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "The block does not fit into JSON", Detail: err.Error()}}
	}
	return b.Bytes(), nil
}

func literals(body *hclsyntax.Body) (map[string]any, hcl.Diagnostics) {
	ctx := &hcl.EvalContext{Variables: map[string]cty.Value{"remote": cty.StringVal("${remote}")}}
	out := map[string]any{}
	var all hcl.Diagnostics
	for name, a := range body.Attributes {
		v, ds := a.Expr.Value(ctx)
		all = append(all, ds...)
		if ds.HasErrors() {
			continue
		}
		data, err := ctyjson.Marshal(v, v.Type())
		if err != nil {
			all = append(all, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "The value does not fit into JSON", Subject: a.Expr.Range().Ptr()})
			continue
		}
		out[name] = json.RawMessage(data)
	}
	for _, block := range body.Blocks {
		inner, ds := literals(block.Body)
		all = append(all, ds...)
		if len(block.Labels) > 0 {
			inner["label"] = block.Labels[0]
		}
		switch before := out[block.Type].(type) {
		case nil:
			out[block.Type] = inner
			if len(block.Labels) > 0 {
				out[block.Type] = []any{inner}
			}
		case []any:
			out[block.Type] = append(before, inner)
		default:
			out[block.Type] = []any{before, inner}
		}
	}
	return out, all
}
