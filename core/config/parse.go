package config

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"syncgateway/core/diag"
	"syncgateway/core/schema"
)

// maxFile bounds the size of a configuration file.
const maxFile = 1 << 20

// Load reads a configuration file. The Config is never nil, so that its Renderer can
// show the diagnostics; it is of no other use when they hold errors.
func Load(path string) (*Config, diag.Diagnostics) {
	src, err := os.ReadFile(path)
	if err != nil {
		c := &Config{Filename: path}
		return c, diag.Diagnostics{{Severity: diag.Error, Code: "config.unreadable", Summary: "Unreadable configuration",
			Detail: fmt.Sprintf("%v. Name another file, or write this one: examples/minimal/gateway.hcl is a start.", err)}}
	}
	return Parse(src, path, World{})
}

// Parse reads a configuration from its text. References to the environment and to
// files go to the world, and only where settings of the host need them: plugin
// blocks are evaluated by PluginInput. See Load for the result.
func Parse(src []byte, filename string, world World) (*Config, diag.Diagnostics) {
	c := &Config{Filename: filename, Dir: filepath.Dir(filename), src: src, world: world.orReal()}
	c.names = newResolver(c.functions())
	if len(src) > maxFile {
		c.broken = true
		return c, diag.Diagnostics{{Severity: diag.Error, Code: "config.too_large", Summary: "Configuration too large", Detail: fmt.Sprintf("%s is larger than %d bytes.", filename, maxFile)}}
	}
	body, hclDiags := parseFile(src, filename)
	if hclDiags.HasErrors() {
		c.broken = true
		return c, diag.FromHCL("config.syntax", hclDiags).Sorted()[:1] // those after it are mostly its consequences
	}
	p := &parser{config: c}
	p.file(body)
	return c, p.diags.Sorted()
}

// parser carries what is being read.
type parser struct {
	config *Config
	diags  diag.Diagnostics
}

func (p *parser) errorf(code string, at hcl.Range, summary, format string, args ...any) {
	p.diags = append(p.diags, diag.At(diag.Error, code, at, summary, fmt.Sprintf(format, args...)))
}

func (p *parser) warnf(code string, at hcl.Range, summary, format string, args ...any) {
	p.diags = append(p.diags, diag.At(diag.Warning, code, at, summary, fmt.Sprintf(format, args...)))
}

// topBlocks are the block types of the file's top level and what their labels mean.
var topBlocks = map[string][]string{
	"gateway": nil, "locals": nil, "plugin": {"type"}, "source": {"plugin", "name"}, "target": {"plugin", "name"}, "sync": {"name"},
}

var topNames = []string{"gateway", "locals", "plugin", "source", "target", "sync"}

func (p *parser) file(body *hclsyntax.Body) {
	for _, a := range attributesOf(body) {
		p.config.show(a.NameRange)
		p.errorf("config.unknown_setting", a.NameRange, "Unknown setting", "%q stands outside of every block. Settings belong into one of: gateway, source, target, sync.%s", a.Name, diag.Suggest(a.Name, topNames))
	}
	byType := map[string][]*hclsyntax.Block{}
	seen := map[string]hcl.Range{}
	for _, b := range body.Blocks {
		p.config.show(b.DefRange())
		if p.header(b, seen) {
			byType[b.Type] = append(byType[b.Type], b)
		}
	}
	p.locals(byType["locals"])
	p.connectors(byType["source"], byType["target"])
	p.gateway(byType["gateway"], body.SrcRange)
	p.plugins(byType["plugin"])
	for _, b := range byType["sync"] {
		p.config.show(shownBySchema(b.Body, syncBlock)...)
		p.sync(b)
	}
}

// header checks a block's type and labels, and that there is no second of its name.
func (p *parser) header(b *hclsyntax.Block, seen map[string]hcl.Range) bool {
	meanings, ok := topBlocks[b.Type]
	if !ok {
		p.errorf("config.unknown_block", b.TypeRange, "Unknown block", "There is no block %q.%s", b.Type, diag.Suggest(b.Type, topNames))
		return false
	}
	if len(b.Labels) != len(meanings) {
		example := b.Type
		for _, m := range meanings {
			example += fmt.Sprintf(" %q", m)
		}
		p.errorf("config.labels", b.DefRange(), "Wrong labels", "The block is written %s { … }.", example)
		return false
	}
	address := b.Type
	for i, l := range b.Labels {
		if !hclsyntax.ValidIdentifier(l) {
			p.errorf("config.labels", b.LabelRanges[i], "Invalid name", "%q cannot be referred to. A name has letters, digits, - and _, and starts with a letter.", l)
			return false
		}
		address += "." + l
	}
	if first, ok := seen[address]; ok && b.Type != "locals" {
		p.errorf("config.duplicate", b.DefRange(), "Duplicate block", "%s is already at %s:%d. Give this one another name.", address, first.Filename, first.Start.Line)
		return false
	}
	seen[address] = b.DefRange()
	return true
}

func (p *parser) locals(blocks []*hclsyntax.Block) {
	p.config.locals = blocks
	for _, b := range blocks {
		p.config.show(shownCalls(b.Body)...)
		for _, a := range attributesOf(b.Body) {
			name := rootLocal + "." + a.Name
			if p.config.names.values[name] != nil {
				p.errorf("config.duplicate", a.NameRange, "Duplicate local", "%s is defined twice.", name)
				continue
			}
			p.config.names.add(name, a.Expr)
		}
		for _, nested := range b.Body.Blocks {
			p.errorf("config.unknown_block", nested.TypeRange, "Unknown block", "A locals block holds values alone: %s = { … }.", nested.Type)
		}
	}
}

// connectors reads the source and target blocks, all of which other blocks may name.
func (p *parser) connectors(sources, targets []*hclsyntax.Block) {
	for _, b := range sources {
		p.config.Sources = append(p.config.Sources, p.connector(b, schema.Source))
	}
	for _, b := range targets {
		p.config.Targets = append(p.config.Targets, p.connector(b, schema.Target))
	}
	for _, x := range p.config.Connectors() {
		p.config.names.blocks[x.Ref()] = true
		for _, a := range attributesOf(x.body.(*hclsyntax.Body)) {
			p.config.names.add(x.Ref()+"."+a.Name, a.Expr)
		}
	}
	for _, b := range slices.Concat(sources, targets) {
		p.host(b)
	}
}

func (p *parser) connector(b *hclsyntax.Block, role schema.Role) *Connector {
	p.config.show(shownCalls(b.Body)...)
	body := *b.Body
	body.Blocks = slices.DeleteFunc(slices.Clone(b.Body.Blocks), func(n *hclsyntax.Block) bool { return n.Type == "gateway" })
	return &Connector{Role: role, Type: b.Labels[0], Name: b.Labels[1], Range: b.DefRange(), body: &body, block: b}
}

// host reads the gateway blocks inside a source or target block.
func (p *parser) host(b *hclsyntax.Block) {
	x := p.config.Connector(b.Type + "." + b.Labels[0] + "." + b.Labels[1])
	found := &hclsyntax.Body{Attributes: hclsyntax.Attributes{}, SrcRange: b.DefRange(), EndRange: b.DefRange()}
	at := b.DefRange()
	count := 0
	for _, n := range b.Body.Blocks {
		if n.Type != "gateway" {
			continue
		}
		p.config.show(shownBySchema(n.Body, hostBlock)...)
		if count++; count > 1 {
			p.errorf("config.too_many_blocks", n.DefRange(), "Too many blocks", "The gateway block may be given once.")
		}
		found, at = n.Body, n.DefRange()
	}
	var host struct {
		ReadTimeout  duration `json:"read_timeout"`
		CheckTimeout duration `json:"check_timeout"`
		PageSize     int      `json:"page_size"`
		JWT          *struct {
			Issuer   string            `json:"issuer"`
			Audience string            `json:"audience"`
			Keys     string            `json:"keys"`
			Claims   map[string]string `json:"claims"`
		} `json:"jwt"`
	}
	p.decode(found, hostBlock, at, &host)
	x.Host = Host{ReadTimeout: host.ReadTimeout.d(), CheckTimeout: host.CheckTimeout.d(), PageSize: host.PageSize}
	if j := host.JWT; j != nil && j.Keys != "" {
		x.Host.JWT = &JWT{Issuer: j.Issuer, Audience: j.Audience, Keys: p.keysPlace(j.Keys, at), Claims: j.Claims}
	}
}

// keysPlace is where an issuer's keys are: whoever answers there can make tokens, so an
// address is one that cannot be taken by somebody on the way.
func (p *parser) keysPlace(place string, at hcl.Range) string {
	u, err := url.Parse(place)
	if err != nil || !strings.Contains(place, "://") {
		return p.config.path(place)
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme != "https" && !(u.Scheme == "http" && (ip != nil && ip.IsLoopback() || u.Hostname() == "localhost")) {
		p.errorf("config.value", at, "Not a safe address", "keys is an https address, or a file: whoever answers there can make tokens.")
	}
	return place
}

func (p *parser) plugins(blocks []*hclsyntax.Block) {
	for _, b := range blocks {
		p.config.show(shownBySchema(b.Body, pluginBlock)...)
		plugin := &Plugin{Type: b.Labels[0], Range: b.DefRange()}
		var in struct {
			Env []string `json:"env"`
		}
		p.decode(b.Body, pluginBlock, b.DefRange(), &in)
		plugin.Env = in.Env
		p.config.Plugins = append(p.config.Plugins, plugin)
	}
}
