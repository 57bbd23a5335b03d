package schema

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
)

// Docs is the plugin's reference page in Markdown. The same description gives the
// same bytes.
func (p *Plugin) Docs() []byte {
	b := &page{}
	b.line("# %s", p.Type)
	b.line("")
	b.paragraph(p.Summary)
	// No version: the page stands beside the source and must not change with every build.
	b.line("Used as: %s.", strings.Join(roleNames(p.Roles), ", "))
	b.line("")
	b.line("## Configuration")
	b.line("")
	b.config(p.Config)
	b.example(p)
	for _, k := range p.Kinds {
		b.kind(k)
	}
	b.capabilities(p.Capabilities)
	b.section("Permissions", p.Permissions)
	b.section("Limits", p.Limits)
	return []byte(strings.TrimRight(b.String(), "\n") + "\n")
}

// Docs is the reference of the block's settings in Markdown.
func (b Block) Docs() []byte {
	p := &page{}
	p.config(b)
	return []byte(p.String())
}

func roleNames(roles []Role) []string {
	names := map[Role]string{Source: "source", Listener: "listener (source that is pushed to)", Target: "target"}
	var out []string
	for _, r := range roles {
		out = append(out, names[r])
	}
	return out
}

// page is Markdown under construction.
type page struct{ strings.Builder }

func (b *page) line(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }

func (b *page) paragraph(text string) {
	if text = strings.TrimSpace(text); text != "" {
		b.line("%s\n", text)
	}
}

func (b *page) section(title, text string) {
	if strings.TrimSpace(text) != "" {
		b.line("## %s\n", title)
		b.paragraph(text)
	}
}

func (b *page) config(body Block) {
	if len(body.Fields) == 0 && len(body.Blocks) == 0 {
		b.line("It takes no settings.\n")
		return
	}
	if len(body.Fields) > 0 {
		b.line("| setting | type | default | meaning |")
		b.line("|---|---|---|---|")
		for _, f := range body.Fields {
			b.line("| `%s` | %s | %s | %s |", f.Name, cell(typeName(f)), cell(defaultText(f)), cell(meaning(f)))
		}
		b.line("")
	}
	for _, n := range body.Blocks {
		label := ""
		if n.Label != "" {
			label = fmt.Sprintf(" %q", n.Label)
		}
		b.line("Block `%s%s` (%s): %s\n", n.Name, label, times(n), oneLine(n.Doc))
		b.config(n.Body)
	}
}

func times(n NestedBlock) string {
	switch {
	case n.MinItems == 0 && n.MaxItems == 0:
		return "any number"
	case n.MaxItems == 0:
		return fmt.Sprintf("at least %d", n.MinItems)
	case n.MinItems == n.MaxItems:
		return fmt.Sprintf("exactly %d", n.MinItems)
	case n.MinItems == 0 && n.MaxItems == 1:
		return "optional"
	}
	return fmt.Sprintf("%d to %d", n.MinItems, n.MaxItems)
}

var typeNames = map[Type]string{String: "string", Int: "whole number", Float: "number", Bool: "bool",
	Duration: "duration", StringList: "list of strings", StringMap: "map of strings"}

func typeName(f Field) string {
	name := typeNames[f.Type]
	if f.Sensitive {
		name += ", secret"
	}
	return name
}

func defaultText(f Field) string {
	switch {
	case f.Required:
		return "required"
	case f.Default == nil:
		return ""
	}
	text, err := json.Marshal(f.Default)
	if err != nil {
		return ""
	}
	return "`" + string(text) + "`"
}

func meaning(f Field) string {
	parts := []string{oneLine(f.Doc)}
	if len(f.OneOf) > 0 {
		parts = append(parts, "One of: "+strings.Join(f.OneOf, ", ")+".")
	}
	if f.Min != nil || f.Max != nil {
		parts = append(parts, "It is"+bounds(f, f.printer())+".")
	}
	if f.Pattern != "" {
		parts = append(parts, "Must match `"+f.Pattern+"`.")
	}
	if f.Sensitive {
		parts = append(parts, "From `env()` or `file()` alone.")
	}
	if f.Deprecated != "" {
		parts = append(parts, "Deprecated: "+oneLine(f.Deprecated)+".")
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}

// example is a block with what must be given.
func (b *page) example(p *Plugin) {
	block := "target"
	if p.Has(Source) || p.Has(Listener) {
		block = "source"
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s %q \"name\" {\n", block, p.Type)
	for _, f := range p.Config.Fields {
		if f.Required || f.Example != "" && f.Deprecated == "" {
			fmt.Fprintf(&text, "%s = %s\n", f.Name, exampleValue(p.Type, f))
		}
	}
	b.line("```hcl\n%s}\n```\n", hclwrite.Format([]byte(text.String())))
}

func exampleValue(plugin string, f Field) string {
	switch {
	case f.Sensitive:
		name := strings.ToUpper(strings.ReplaceAll(plugin+"_"+f.Name, "-", "_"))
		return fmt.Sprintf("env(%q)", name)
	case f.Type == StringList || f.Type == StringMap || f.Type == Int || f.Type == Float || f.Type == Bool:
		if f.Example != "" {
			return f.Example
		}
		return map[Type]string{StringList: "[]", StringMap: "{}", Int: "1", Float: "1", Bool: "true"}[f.Type]
	case f.Example == "" && len(f.OneOf) > 0:
		return fmt.Sprintf("%q", f.OneOf[0])
	}
	return fmt.Sprintf("%q", f.Example)
}

func (b *page) kind(k Kind) {
	shape := "people"
	if k.Shape == GroupShape {
		shape = "groups"
	}
	b.line("## Kind `%s` (%s)\n", k.Name, shape)
	if len(k.Operations) > 0 {
		names := make([]string, len(k.Operations))
		for i, o := range k.Operations {
			names[i] = "`" + o.String() + "`"
		}
		b.line("Operations: %s.\n", strings.Join(names, ", "))
	}
	if k.CaseInsensitiveNames {
		b.line("Names that differ in case alone are one.\n")
	}
	if k.MaxNameLength > 0 {
		b.line("Names have at most %d characters.\n", k.MaxNameLength)
	}
	if len(k.Attributes) == 0 {
		return
	}
	b.line("| attribute | values | written | meaning |")
	b.line("|---|---|---|---|")
	for _, a := range k.Attributes {
		b.line("| `%s` | %s | %s | %s |", a.Name, values(a), written(a), cell(oneLine(a.Doc)))
	}
	b.line("")
}

func values(a Attribute) string {
	s := "one"
	if a.Multi {
		s = "several"
	}
	if a.MaxLength > 0 {
		s += fmt.Sprintf(", up to %d characters", a.MaxLength)
	}
	return s
}

func written(a Attribute) string {
	switch {
	case !a.Writable:
		return "no"
	case a.CreateOnly && a.Required:
		return "when created, required"
	case a.CreateOnly:
		return "when created"
	case a.Required:
		return "yes, required"
	}
	return "yes"
}

func (b *page) capabilities(c Capabilities) {
	b.line("## Capabilities\n")
	b.line("- Delta reads: %s", yesNo(c.Delta))
	b.line("- Lookup of single records: %s", yesNo(c.Lookup))
	if c.MaxBatch > 0 {
		b.line("- Operations in one call: up to %d", c.MaxBatch)
	}
	if c.Concurrency > 0 {
		b.line("- Calls in flight: up to %d", c.Concurrency)
	}
	b.line("")
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// cell keeps a text from ending its table cell.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
