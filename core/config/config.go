package config

import (
	"slices"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"syncgateway/core/diag"
	"syncgateway/core/schema"
)

// Config is one gateway.hcl, complete with defaults. Its fields are not changed after
// Parse; its methods are safe for concurrent use.
type Config struct {
	Filename string
	Dir      string // what relative paths are relative to
	Gateway  Gateway
	Plugins  []*Plugin
	Sources  []*Connector
	Targets  []*Connector
	Syncs    []*Sync

	src     []byte
	broken  bool
	world   World
	names   *resolver
	locals  []*hclsyntax.Block
	mu      sync.Mutex
	shown   []hcl.Range
	secrets []string
}

// Plugin returns the plugin block for a type, nil when there is none.
func (c *Config) Plugin(typ string) *Plugin {
	for _, p := range c.Plugins {
		if p.Type == typ {
			return p
		}
	}
	return nil
}

// Sync returns the sync of that name, nil when there is none.
func (c *Config) Sync(name string) *Sync {
	for _, s := range c.Syncs {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Connector returns the source or target block at an address such as
// "source.okta.corp", nil when there is none.
func (c *Config) Connector(ref string) *Connector {
	for _, x := range c.Connectors() {
		if x.Ref() == ref {
			return x
		}
	}
	return nil
}

// Connectors are all source and target blocks in file order, sources first.
func (c *Config) Connectors() []*Connector {
	return append(append(make([]*Connector, 0, len(c.Sources)+len(c.Targets)), c.Sources...), c.Targets...)
}

// PluginTypes are the types of the source and target blocks, each once, in file order.
func (c *Config) PluginTypes() []string {
	var types []string
	for _, x := range c.Connectors() {
		if !slices.Contains(types, x.Type) {
			types = append(types, x.Type)
		}
	}
	return types
}

// Secrets are the secret values that have been read so far: by env() and file() in
// settings that were evaluated.
func (c *Config) Secrets() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.secrets)
}

func (c *Config) addSecrets(values ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range values {
		if !slices.Contains(c.secrets, v) {
			c.secrets = append(c.secrets, v)
		}
	}
}

func (c *Config) show(ranges ...hcl.Range) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shown = append(c.shown, ranges...)
}

// Renderer shows diagnostics about this configuration, with excerpts and without its
// secrets.
func (c *Config) Renderer() diag.Renderer {
	secrets := c.Secrets()
	c.mu.Lock()
	defer c.mu.Unlock()
	return diag.Renderer{
		Files:  diag.Files{c.Filename: {Src: c.src, Shown: slices.Clone(c.shown), Broken: c.broken}},
		Redact: diag.NewRedactor(secrets...),
	}
}

// PluginInput is the body of a source or target block as its plugin receives it: JSON
// with secrets in it, and the paths where they are. Variables, files and other blocks
// that the body refers to are read now.
func (c *Config) PluginInput(x *Connector, p *schema.Plugin) (json []byte, sensitive []diag.Path, diags diag.Diagnostics) {
	body := x.body.(*hclsyntax.Body)
	c.show(shownBySchema(body, p.Config)...)
	ctx, diags := c.names.contextFor(traversalsIn(body))
	if diags.HasErrors() {
		return nil, nil, diags
	}
	out, decodeDiags := schema.Decode(body, p.Config, ctx, x.Range)
	c.addSecrets(out.Secrets...)
	return out.JSON, out.Sensitive, append(diags, decodeDiags...)
}

// Resolve gives diagnostics that a plugin returned for a block their place in it.
func (c *Config) Resolve(x *Connector, ds diag.Diagnostics) diag.Diagnostics {
	return schema.Resolve(x.body, x.Range, ds)
}

// Format is the source in hcl's canonical layout, for gateway fmt. What does not
// parse comes out with its layout changed at most.
func Format(src []byte) []byte { return hclwrite.Format(src) }
