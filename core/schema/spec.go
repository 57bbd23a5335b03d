package schema

import (
	"fmt"
	"regexp"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/hashicorp/hcl/v2/hcldec"
	"github.com/zclconf/go-cty/cty"
)

// labelKey is where a block's label arrives in the JSON that a plugin receives.
const labelKey = "label"

// maxDepth bounds how deep a plugin may nest blocks.
const maxDepth = 8

// hostBlock is the nested block of every source and target that is the host's own.
const hostBlock = "gateway"

var ctyTypes = map[Type]cty.Type{String: cty.String, Int: cty.Number, Float: cty.Number, Bool: cty.Bool,
	Duration: cty.String, StringList: cty.List(cty.String), StringMap: cty.Map(cty.String)}

// Spec is the block as hcldec reads it. Everything is optional in it: Decode says
// itself what is missing, in words of its own.
func (b Block) Spec() hcldec.ObjectSpec {
	spec := hcldec.ObjectSpec{}
	for _, f := range b.Fields {
		spec[f.Name] = &hcldec.AttrSpec{Name: f.Name, Type: ctyTypes[f.Type]}
	}
	for _, n := range b.Blocks {
		nested := n.Body.Spec()
		if n.Label != "" {
			nested[labelKey] = &hcldec.BlockLabelSpec{Index: 0, Name: labelKey}
		}
		if n.single() {
			spec[n.Name] = &hcldec.BlockSpec{TypeName: n.Name, Nested: nested}
		} else {
			spec[n.Name] = &hcldec.BlockTupleSpec{TypeName: n.Name, Nested: nested}
		}
	}
	return spec
}

// single tells whether the block arrives as an object rather than as a list of them.
func (n NestedBlock) single() bool { return n.MaxItems == 1 && n.Label == "" }

// Valid says what makes the schema unusable: it comes from a plugin.
func (b Block) Valid() error { return b.valid(0) }

func (b Block) valid(depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("blocks are nested more than %d deep", maxDepth)
	}
	seen := map[string]bool{}
	name := func(s string) error {
		if !hclsyntax.ValidIdentifier(s) || seen[s] {
			return fmt.Errorf("%q is no valid name, or declared twice", s)
		}
		seen[s] = true
		return nil
	}
	for _, f := range b.Fields {
		if err := name(f.Name); err != nil {
			return err
		}
		if _, ok := ctyTypes[f.Type]; !ok {
			return fmt.Errorf("field %q has an unknown type", f.Name)
		}
		if _, err := f.pattern(); err != nil {
			return fmt.Errorf("field %q has an invalid pattern: %w", f.Name, err)
		}
	}
	for _, n := range b.Blocks {
		if err := name(n.Name); err != nil {
			return err
		}
		if depth == 0 && n.Name == hostBlock {
			return fmt.Errorf("the block name %q is the host's", hostBlock)
		}
		if err := n.Body.valid(depth + 1); err != nil {
			return fmt.Errorf("in block %q: %w", n.Name, err)
		}
	}
	return nil
}

func (f Field) pattern() (*regexp.Regexp, error) {
	return regexp.Compile(`\A(?:` + f.Pattern + `)\z`)
}

func (b Block) field(name string) *Field {
	for i := range b.Fields {
		if b.Fields[i].Name == name {
			return &b.Fields[i]
		}
	}
	return nil
}

func (b Block) block(name string) *NestedBlock {
	for i := range b.Blocks {
		if b.Blocks[i].Name == name {
			return &b.Blocks[i]
		}
	}
	return nil
}

func (b Block) names() []string {
	var out []string
	for _, f := range b.Fields {
		if f.Deprecated == "" {
			out = append(out, f.Name)
		}
	}
	for _, n := range b.Blocks {
		out = append(out, n.Name)
	}
	return out
}
