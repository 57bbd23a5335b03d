package schema

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hcldec"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"syncgateway/core/diag"
)

// Secret is the mark of values that must never be shown: env() and file() set it, and
// Decode alone takes it off, on the way into a plugin.
var Secret = secretMark{}

type secretMark struct{}

// GoString keeps cty's debugging output readable.
func (secretMark) GoString() string { return "schema.Secret" }

// Decoded is a block as its plugin receives it. Only JSON and Secrets hold secrets.
type Decoded struct {
	JSON      []byte      // an object; keys sorted
	Sensitive []diag.Path // where in it the secrets are
	Secrets   []string    // them themselves, for a Redactor
}

// Decode checks a body against the block and evaluates it. header is where missing
// settings are reported. When there are errors the result is empty.
func Decode(body hcl.Body, b Block, ctx *hcl.EvalContext, header hcl.Range) (Decoded, diag.Diagnostics) {
	if err := b.Valid(); err != nil {
		return Decoded{}, diag.Diagnostics{diag.At(diag.Error, "plugin.schema", header, "The plugin's schema is invalid",
			"The plugin declares settings that cannot be used: "+err.Error()+". Report it to the plugin's author.")}
	}
	native, ok := body.(*hclsyntax.Body)
	if !ok {
		return Decoded{}, diag.Diagnostics{diag.At(diag.Error, "config.syntax", header, "Unsupported syntax", "Only hcl's native syntax is read here.")}
	}
	s := &structure{variables: rootsOf(ctx)}
	clean := s.body(native, b, header)
	val, hclDiags := hcldec.Decode(clean, b.Spec(), ctx)
	diags := append(s.diags, diag.FromHCL("config.value", hclDiags)...)
	if !val.IsKnown() || val.IsNull() || !val.Type().IsObjectType() {
		return Decoded{}, diags
	}
	e := &encoder{structure: structure{diags: diags}}
	object := e.body(val, b, clean, header, nil)
	if e.diags.HasErrors() {
		return Decoded{}, e.diags
	}
	text, err := json.Marshal(object)
	if err != nil {
		return Decoded{}, append(e.diags, diag.At(diag.Error, "config.value", header, "The block cannot be passed to the plugin", "It does not fit into JSON."))
	}
	return Decoded{JSON: text, Sensitive: e.sensitive, Secrets: e.secrets}, e.diags
}

func rootsOf(ctx *hcl.EvalContext) map[string]bool {
	roots := map[string]bool{}
	for ; ctx != nil; ctx = ctx.Parent() {
		for name := range ctx.Variables {
			roots[name] = true
		}
	}
	return roots
}

// encoder turns evaluated values into JSON and checks them on the way.
type encoder struct {
	structure
	sensitive []diag.Path
	secrets   []string
}

func (e *encoder) body(val cty.Value, b Block, body *hclsyntax.Body, header hcl.Range, path diag.Path) map[string]any {
	out := map[string]any{}
	for _, f := range b.Fields {
		at := header
		if a := body.Attributes[f.Name]; a != nil {
			at = a.Expr.Range()
		}
		if v := e.field(f, val.GetAttr(f.Name), at, extend(path, diag.Step{Kind: diag.NameStep, Name: f.Name})); v != nil {
			out[f.Name] = v
		}
	}
	for _, n := range b.Blocks {
		if v := e.blocks(n, val.GetAttr(n.Name), body, path); v != nil {
			out[n.Name] = v
		}
	}
	return out
}

func (e *encoder) blocks(n NestedBlock, val cty.Value, body *hclsyntax.Body, path diag.Path) any {
	var blocks []*hclsyntax.Block
	for _, block := range body.Blocks {
		if block.Type == n.Name {
			blocks = append(blocks, block)
		}
	}
	if len(blocks) == 0 {
		return nil
	}
	path = extend(path, diag.Step{Kind: diag.NameStep, Name: n.Name})
	if n.single() {
		return e.body(val, n.Body, blocks[0].Body, blocks[0].DefRange(), path)
	}
	list := make([]any, len(blocks))
	for i, block := range blocks {
		item := e.body(val.Index(cty.NumberIntVal(int64(i))), n.Body, block.Body, block.DefRange(), extend(path, diag.Step{Kind: diag.IndexStep, Index: i}))
		if n.Label != "" {
			item[labelKey] = block.Labels[0]
		}
		list[i] = item
	}
	return list
}

// extend never shares its array: siblings extend the same path.
func extend(p diag.Path, s diag.Step) diag.Path { return append(p[:len(p):len(p)], s) }

func (e *encoder) field(f Field, val cty.Value, at hcl.Range, path diag.Path) any {
	plain, marks := val.UnmarkDeepWithPaths()
	if plain.IsNull() {
		if f.Required && at.Filename != "" {
			e.nullRequired(f, at)
		}
		return f.Default
	}
	if !plain.IsWhollyKnown() {
		return nil
	}
	if f.Sensitive {
		e.secret(f, val, plain, at, path)
	} else if len(marks) > 0 {
		e.errorf("config.secret_leak", at, "Secret value in a setting that is not secret",
			"%q is shown in plans and logs, but this value comes from env() or file(), which give secrets. If it is no secret, write plain_env(\"NAME\") instead.", f.Name)
		return nil
	}
	e.check(f, plain, at)
	if f.Type == Duration {
		if d, err := parseDuration(plain.AsString()); err == nil && strings.Contains(plain.AsString(), "d") {
			return d.String() // plugins know no days
		}
	}
	return toJSON(plain)
}

// nullRequired reports a required setting that is written, but without a value; one
// that is not written has been reported with the structure.
func (e *encoder) nullRequired(f Field, at hcl.Range) {
	for _, d := range e.diags {
		if d.Code == "config.missing_setting" && *d.Subject == at {
			return
		}
		if d.Code == "config.literal_secret" {
			return
		}
	}
	e.missing(f, at)
}

func (e *encoder) secret(f Field, val, plain cty.Value, at hcl.Range, path diag.Path) {
	e.sensitive = append(e.sensitive, path)
	_ = cty.Walk(plain, func(_ cty.Path, v cty.Value) (bool, error) {
		if v.Type() == cty.String && !v.IsNull() && v.AsString() != "" {
			e.secrets = append(e.secrets, v.AsString())
		}
		return true, nil
	})
	if !whollyMarked(val) {
		e.literal(f.Name, at)
	}
}

// whollyMarked tells whether every text in the value is secret.
func whollyMarked(val cty.Value) bool {
	if val.IsMarked() || val.IsNull() {
		return true
	}
	if !val.CanIterateElements() {
		return false
	}
	for it := val.ElementIterator(); it.Next(); {
		if _, v := it.Element(); !whollyMarked(v) {
			return false
		}
	}
	return true
}

func toJSON(v cty.Value) any {
	switch t := v.Type(); {
	case v.IsNull():
		return nil
	case t == cty.String:
		return v.AsString()
	case t == cty.Bool:
		return v.True()
	case t == cty.Number:
		return json.Number(numberText(v))
	case t.IsListType():
		list := make([]any, 0, v.LengthInt())
		for it := v.ElementIterator(); it.Next(); {
			_, item := it.Element()
			list = append(list, toJSON(item))
		}
		return list
	}
	object := map[string]any{}
	for it := v.ElementIterator(); it.Next(); {
		key, item := it.Element()
		object[key.AsString()] = toJSON(item)
	}
	return object
}

func numberText(v cty.Value) string {
	n := v.AsBigFloat()
	if i, accuracy := n.Int64(); accuracy == 0 {
		return fmt.Sprint(i)
	}
	return strings.Replace(n.Text('g', -1), "+", "", 1)
}
