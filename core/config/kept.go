package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"syncgateway/core/diag"
)

// Kept is what of a configuration is worth keeping to tell later what one of its syncs
// meant: the text of its block and of what that refers to, and the plain variables it
// read. Everything else is blank, comments included, so that lines keep their numbers:
// what nobody checks may hold a secret. Secrets themselves are never part of a text
// that is in use; their variables are there by name.
type Kept struct {
	Filename   string            `json:"filename"`
	Text       string            `json:"text"`
	Env        map[string]string `json:"env,omitempty"` // read by plain_env
	Connectors map[string]string `json:"connectors"`    // hashes of the sources' and the target's own settings
}

// Keep gives what is worth keeping of a sync.
func (c *Config) Keep(sync string) Kept {
	s := c.Sync(sync)
	k := keeper{config: c, keep: make([]bool, len(c.src)), seen: map[string]bool{}, env: map[string]string{}}
	k.all(s.block.Range())
	k.refer(s.block.Body)
	kept := Kept{Filename: c.Filename, Env: k.env, Connectors: map[string]string{}}
	p := parser{config: c}
	for _, x := range append(slices.Clone(s.From), s.To) {
		k.frame(x.block)
		sum := sha256.Sum256([]byte(p.canonicalBody(x.body.(*hclsyntax.Body))))
		kept.Connectors[x.Ref()] = hex.EncodeToString(sum[:])
	}
	kept.Text = k.text()
	return kept
}

// keeper marks the bytes of a configuration that are kept.
type keeper struct {
	config *Config
	keep   []bool
	seen   map[string]bool // names that are kept
	env    map[string]string
}

func (k *keeper) all(r hcl.Range) {
	for i := r.Start.Byte; i < r.End.Byte; i++ {
		k.keep[i] = true
	}
}

// frame keeps a block without what is in it.
func (k *keeper) frame(b *hclsyntax.Block) {
	k.all(hcl.RangeBetween(b.DefRange(), b.OpenBraceRange))
	k.all(b.CloseBraceRange)
}

// refer keeps what a body refers to.
func (k *keeper) refer(body *hclsyntax.Body) {
	k.variables(body)
	for _, t := range traversalsIn(body) {
		k.traversal(t)
	}
}

func (k *keeper) traversal(t hcl.Traversal) {
	name, ok := nameOf(t)
	if !ok || k.seen[name] {
		return
	}
	k.seen[name] = true
	b, a := k.config.written(name)
	if a == nil {
		return
	}
	k.frame(b)
	k.all(a.SrcRange)
	k.variables(a.Expr)
	for _, next := range a.Expr.Variables() {
		k.traversal(next)
	}
}

// variables notes what plain_env gives to the expressions below a node.
func (k *keeper) variables(n hclsyntax.Node) {
	_ = hclsyntax.VisitAll(n, func(n hclsyntax.Node) hcl.Diagnostics {
		call, ok := n.(*hclsyntax.FunctionCallExpr)
		if !ok || call.Name != "plain_env" || len(call.Args) == 0 {
			return nil
		}
		if name, ds := call.Args[0].Value(nil); !ds.HasErrors() && name.Type() == cty.String && !name.IsNull() {
			if v, ok := k.config.world.LookupEnv(name.AsString()); ok {
				k.env[name.AsString()] = v
			}
		}
		return nil
	})
}

// text is the configuration with everything blank that is not kept.
func (k *keeper) text() string {
	tokens, _ := hclsyntax.LexConfig(k.config.src, k.config.Filename, hcl.InitialPos)
	for _, t := range tokens {
		if t.Type == hclsyntax.TokenComment {
			for i := t.Range.Start.Byte; i < t.Range.End.Byte; i++ {
				k.keep[i] = false
			}
		}
	}
	out := slices.Clone(k.config.src)
	for i, keep := range k.keep {
		if !keep && out[i] != '\n' {
			out[i] = ' '
		}
	}
	return string(out)
}

// Parse reads what was kept as the configuration that it was.
func (k Kept) Parse() (*Config, diag.Diagnostics) {
	return Parse([]byte(k.Text), k.Filename, World{
		LookupEnv: func(name string) (string, bool) { v, ok := k.Env[name]; return v, ok },
		ReadFile:  func(string) ([]byte, error) { return nil, errNotKept },
	})
}

var errNotKept = errors.New("it is not kept")
