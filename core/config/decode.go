package config

import (
	"encoding/json"
	"maps"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"syncgateway/core/schema"
)

// duration reads "15m" from the JSON of a decoded block.
type duration time.Duration

func (d *duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = duration(v)
	return err
}

func (d duration) d() time.Duration { return time.Duration(d) }

// decode reads a block of the host's own grammar, with defaults, into a struct with
// JSON tags. It reports false, and leaves the struct alone, when there are errors.
func (p *parser) decode(body *hclsyntax.Body, block schema.Block, at hcl.Range, into any) bool {
	ctx, diags := p.config.names.contextFor(traversalsIn(body))
	p.diags = append(p.diags, diags...)
	if diags.HasErrors() {
		return false
	}
	out, diags := schema.Decode(body, block, ctx, at)
	p.diags = append(p.diags, diags...)
	if diags.HasErrors() {
		return false
	}
	if err := json.Unmarshal(out.JSON, into); err != nil {
		p.errorf("config.value", at, "Unusable block", "The block cannot be read: %v.", err)
		return false
	}
	return true
}

// without is a body without the named attributes, and these.
func without(body *hclsyntax.Body, names ...string) (*hclsyntax.Body, map[string]*hclsyntax.Attribute) {
	rest := *body
	rest.Attributes = maps.Clone(body.Attributes)
	cut := map[string]*hclsyntax.Attribute{}
	for _, name := range names {
		if a := rest.Attributes[name]; a != nil {
			cut[name] = a
			delete(rest.Attributes, name)
		}
	}
	return &rest, cut
}

// withoutBlock is a body without a nested block, and the first of these.
func withoutBlock(body *hclsyntax.Body, name string) (*hclsyntax.Body, *hclsyntax.Block) {
	rest := *body
	rest.Blocks = nil
	var cut *hclsyntax.Block
	for _, b := range body.Blocks {
		if b.Type == name && cut == nil {
			cut = b
			continue
		}
		rest.Blocks = append(rest.Blocks, b)
	}
	return &rest, cut
}

func expressionOf(a *hclsyntax.Attribute) hcl.Expression {
	if a == nil {
		return nil
	}
	return a.Expr
}

// emptyBody stands for a block that is not written: its defaults hold.
func emptyBody(at hcl.Range) *hclsyntax.Body {
	return &hclsyntax.Body{Attributes: hclsyntax.Attributes{}, SrcRange: at, EndRange: at}
}

func (p *parser) gateway(blocks []*hclsyntax.Block, at hcl.Range) {
	body := emptyBody(at)
	if len(blocks) > 0 {
		body, at = blocks[0].Body, blocks[0].DefRange()
		p.config.show(shownBySchema(body, gatewayBlock)...)
	}
	var in struct {
		DataDir     string `json:"data_dir"`
		PluginDir   string `json:"plugin_dir"`
		LockFile    string `json:"lock_file"`
		Conform     bool   `json:"require_conformance"`
		Socket      string `json:"socket"`
		SocketGroup string `json:"socket_group"`
		Listen      string `json:"listen"`
		PublicURL   string `json:"public_url"`
		LogLevel    string `json:"log_level"`
		TLS         struct {
			Certificate string `json:"certificate"`
			Key         string `json:"key"`
		} `json:"tls"`
	}
	if !p.decode(body, gatewayBlock, at, &in) {
		return
	}
	g := Gateway{DataDir: p.config.path(in.DataDir), PluginDir: p.config.path(in.PluginDir), LockFile: p.config.path(in.LockFile), RequireConformance: in.Conform,
		Socket: p.config.path(in.Socket), SocketGroup: in.SocketGroup, Listen: in.Listen, PublicURL: strings.TrimRight(in.PublicURL, "/"), LogLevel: in.LogLevel}
	if dir, ok := p.config.world.LookupEnv("GATEWAY_DATA_DIR"); ok && dir != "" && body.Attributes["data_dir"] == nil {
		g.DataDir = dir
	}
	if g.Socket == "" {
		g.Socket = filepath.Join(g.DataDir, "gateway.sock")
	}
	if g.SocketGroup != "" && filepath.Dir(g.Socket) == filepath.Clean(g.DataDir) {
		p.errorf("config.conflict", body.Attributes["socket_group"].Expr.Range(), "Conflicting settings", "Nobody but the gateway's own user gets into data_dir. Set socket to a path outside of it: socket = \"/run/gateway/gateway.sock\".")
	}
	if g.Listen != "" {
		if _, _, err := net.SplitHostPort(g.Listen); err != nil {
			p.errorf("config.value", body.Attributes["listen"].Expr.Range(), "Not an address", "listen is host and port, such as \"127.0.0.1:8080\".")
		}
	}
	if in.TLS.Certificate != "" {
		g.Certificate, g.Key = p.config.path(in.TLS.Certificate), p.config.path(in.TLS.Key)
	}
	p.config.Gateway = g
}
