package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"syncgateway/core/mapping"
)

// epochFormat changes when the same settings come to mean something else.
const epochFormat = 1

// meaning is what an epoch is the hash of. Settings are there with their defaults,
// expressions as their tokens, connectors as theirs: env("X") is a name there, never
// a value. What plain_env and locals give counts by value, unless it is secret.
type meaning struct {
	Format     int
	Sync       string
	Users      Users
	Groups     Groups
	Limits     Limits
	Compare    []string
	Rules      map[string]string
	DefaultMap any
	Connectors map[string]string
	Order      []string
	Values     map[string]string
}

func (p *parser) epoch(s *Sync, b *hclsyntax.Block) string {
	m := meaning{Format: epochFormat, Sync: s.Name, Users: s.Users, Groups: s.Groups, Limits: s.Limits, Compare: s.Drift.Compare,
		Rules: map[string]string{}, DefaultMap: mapping.DefaultMap, Connectors: map[string]string{}, Values: map[string]string{}}
	p.expressions(b.Body, "", m.Rules)
	bodies := []*hclsyntax.Body{b.Body}
	for _, x := range append(slices.Clone(s.From), s.To) {
		body := x.body.(*hclsyntax.Body)
		m.Order = append(m.Order, x.Ref())
		m.Connectors[x.Ref()] = p.canonicalBody(body)
		bodies = append(bodies, body)
	}
	for _, body := range bodies {
		p.values(body, m.Values)
	}
	text, err := json.Marshal(m)
	if err != nil {
		panic("core/config: the meaning of a sync does not marshal: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// compiled are the settings that are expressions over records.
var compiled = []string{"join", "users.include", "groups.include", "groups.name", "groups.map"}

func (p *parser) expressions(body *hclsyntax.Body, prefix string, into map[string]string) {
	for _, a := range attributesOf(body) {
		name := prefix + a.Name
		if slices.Contains(compiled, name) || strings.HasPrefix(name, "users.map.") {
			into[name] = p.canonical(a.Expr.Range())
		}
	}
	for _, n := range body.Blocks {
		if n.Type != "schedule" {
			p.expressions(n.Body, prefix+n.Type+".", into)
		}
	}
}

// canonicalBody is a body without layout, comments and the order of its attributes.
func (p *parser) canonicalBody(body *hclsyntax.Body) string {
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(body.Attributes)) {
		out.WriteString(name + "=" + p.canonical(body.Attributes[name].Expr.Range()) + "\n")
	}
	for _, n := range body.Blocks {
		out.WriteString(n.Type + " " + strings.Join(n.Labels, " ") + "{\n" + p.canonicalBody(n.Body) + "}\n")
	}
	return out.String()
}

// canonical is an expression's tokens without layout and comments. The items of an
// object may be parted by commas or by line ends: both count as one comma.
func (p *parser) canonical(r hcl.Range) string {
	tokens, _ := hclsyntax.LexExpression(p.config.src[r.Start.Byte:r.End.Byte], r.Filename, r.Start)
	var out []string
	var open []hclsyntax.TokenType
	for _, t := range tokens {
		text := string(t.Bytes)
		switch t.Type {
		case hclsyntax.TokenComment, hclsyntax.TokenEOF:
			continue
		case hclsyntax.TokenNewline:
			if len(open) == 0 || open[len(open)-1] != hclsyntax.TokenOBrace {
				continue
			}
			text = ","
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			open = append(open, t.Type)
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
			open = open[:max(len(open)-1, 0)]
			if n := len(out); n > 0 && out[n-1] == "," {
				out = out[:n-1]
			}
		}
		if n := len(out); text == "," && n > 0 && (out[n-1] == "," || out[n-1] == "{") {
			continue
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

// values are what locals and plain_env give to a body's expressions.
func (p *parser) values(body *hclsyntax.Body, into map[string]string) {
	for _, t := range traversalsIn(body) {
		if t.RootName() == rootLocal {
			name, _ := nameOf(t)
			v, _ := p.config.names.valueOf(name)
			into[name] = textOf(v)
		}
	}
	_ = hclsyntax.VisitAll(body, func(n hclsyntax.Node) hcl.Diagnostics {
		call, ok := n.(*hclsyntax.FunctionCallExpr)
		if !ok || call.Name != "plain_env" || len(call.Args) == 0 {
			return nil
		}
		if name, diags := call.Args[0].Value(nil); !diags.HasErrors() && name.Type() == cty.String {
			v, _ := p.config.world.LookupEnv(name.AsString())
			into["plain_env."+name.AsString()] = v
		}
		return nil
	})
}

// textOf is a value as JSON; of secrets in it only that they are.
func textOf(v cty.Value) string {
	open, err := cty.Transform(v, func(_ cty.Path, v cty.Value) (cty.Value, error) {
		if v.IsMarked() {
			return cty.StringVal("(secret)"), nil
		}
		return v, nil
	})
	if err != nil || !open.IsWhollyKnown() {
		return "(unknown)"
	}
	text, err := ctyjson.Marshal(open, open.Type())
	if err != nil {
		return "(unknown)"
	}
	return string(text)
}
