package schema

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"syncgateway/core/diag"
)

var update = flag.Bool("update", false, "write the golden files")

func bodyOf(t *testing.T, src string) *hclsyntax.Body {
	t.Helper()
	file, diags := hclsyntax.ParseConfig([]byte(src), "gateway.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return file.Body.(*hclsyntax.Body)
}

var secretContext = &hcl.EvalContext{Variables: map[string]cty.Value{"local": cty.ObjectVal(map[string]cty.Value{
	"secret": cty.StringVal("hunter2").Mark(Secret), "plain": cty.StringVal("plain")})}}

var least = 1.0

var sample = &Plugin{
	Type: "sample", Version: "1.2.0", Summary: "Reads a sample directory.", Roles: []Role{Source, Target},
	Config: Block{
		Fields: []Field{
			{Name: "url", Type: String, Required: true, Doc: "Address | of the server.", Example: "https://sample.example", Pattern: "https://.+"},
			{Name: "password", Type: String, Sensitive: true, Required: true, Doc: "Its password."},
			{Name: "mode", Type: String, Default: "fast", OneOf: []string{"fast", "safe"}},
			{Name: "pages", Type: Int, Default: 10.0, Min: &least},
			{Name: "ratio", Type: Float}, {Name: "strict", Type: Bool, Default: true}, {Name: "wait", Type: Duration, Default: "15m"},
			{Name: "groups", Type: StringList, Example: `["a"]`}, {Name: "tokens", Type: StringMap, Sensitive: true},
			{Name: "address", Type: String, Deprecated: "use url"},
		},
		Blocks: []NestedBlock{
			{Name: "tls", MaxItems: 1, MinItems: 1, Doc: "Transport.", Body: Block{Fields: []Field{{Name: "key", Type: String, Sensitive: true}}}},
			{Name: "tree", Label: "its base", Doc: "A part of the directory.", Body: Block{Fields: []Field{{Name: "depth", Type: Int}}}},
			{Name: "hook", MaxItems: 3, Body: Block{}},
		},
	},
	Kinds: []Kind{
		{Name: "user", Shape: UserShape, Operations: []Operation{CreateUser, DeactivateUser}, MaxNameLength: 64,
			Attributes: []Attribute{{Name: "email", Writable: true, Required: true, Doc: "Mail\naddress.", MaxLength: 255}, {Name: "roles", Multi: true}}},
		{Name: "group", Shape: GroupShape, CaseInsensitiveNames: true, Attributes: []Attribute{{Name: "owner", Writable: true, CreateOnly: true}}},
	},
	Capabilities: Capabilities{Delta: true, MaxBatch: 50, Concurrency: 8},
	Permissions:  "- `read`", Limits: "600 calls a minute.",
}

func TestDecode(t *testing.T) {
	body := bodyOf(t, `
url      = "https://sample.example/${local.plain}"
password = "${local.secret}!"
pages    = 3
ratio    = 2.5
groups   = ["a", "b"]
tokens   = { x = local.secret }
tls {
  key = local.secret
}
tree "dc=a" {
  depth = 2
}
tree "dc=b" {}
hook {}
`)
	out, ds := Decode(body, sample.Config, secretContext, hcl.Range{Filename: "gateway.hcl"})
	want := `{"groups":["a","b"],"hook":[{}],"mode":"fast","pages":3,"password":"hunter2!","ratio":2.5,"strict":true,"tls":{"key":"hunter2"},` +
		`"tokens":{"x":"hunter2"},"tree":[{"depth":2,"label":"dc=a"},{"label":"dc=b"}],"url":"https://sample.example/plain","wait":"15m"}`
	if ds.HasErrors() || string(out.JSON) != want {
		t.Errorf("%s\n%v", out.JSON, ds)
	}
	var paths []string
	for _, p := range out.Sensitive {
		paths = append(paths, p.String())
	}
	if got := strings.Join(paths, " "); got != "password tokens tls.key" {
		t.Errorf("sensitive: %s", got)
	}
	if got := strings.Join(out.Secrets, " "); got != "hunter2! hunter2 hunter2" {
		t.Errorf("secrets: %s", got)
	}
}

func TestDecodeGivesNothingWithErrors(t *testing.T) {
	out, ds := Decode(bodyOf(t, `password = local.secret`), sample.Config, secretContext, hcl.Range{})
	if !ds.HasErrors() || out.JSON != nil || out.Secrets != nil {
		t.Errorf("%s %v", out.JSON, ds)
	}
	for _, d := range ds {
		if d.Subject == nil {
			t.Errorf("no place: %+v", d)
		}
	}
}

func TestNullOfRequired(t *testing.T) {
	_, ds := Decode(bodyOf(t, "url = null\npassword = null\ntls {}"), sample.Config, secretContext, hcl.Range{Filename: "gateway.hcl"})
	if len(ds) != 2 || ds[0].Code != "config.missing_setting" {
		t.Error(ds)
	}
}

func TestResolve(t *testing.T) {
	body := bodyOf(t, "url = \"x\"\ngroups = [\n  \"a\",\n  \"b\"]\ntokens = {\n  k = 1 }\ntls {\n  key = 1\n}\ntree \"dc=a\" {}\ntree \"dc=b\" {\n  depth = 1\n}\n")
	name := func(s string) diag.Step { return diag.Step{Kind: diag.NameStep, Name: s} }
	key := func(s string) diag.Step { return diag.Step{Kind: diag.KeyStep, Name: s} }
	index := func(i int) diag.Step { return diag.Step{Kind: diag.IndexStep, Index: i} }
	header := hcl.Range{Filename: "gateway.hcl", Start: hcl.Pos{Line: 99}}
	for line, paths := range map[int][]diag.Path{
		1:  {{name("url")}, {name("url"), index(3)}},
		4:  {{name("groups"), index(1)}},
		6:  {{name("tokens"), key("k")}},
		7:  {{name("tls")}, {name("tls"), name("nothing")}},
		8:  {{name("tls"), name("key")}},
		10: {{name("tree")}, {name("tree"), index(0), name("depth")}},
		12: {{name("tree"), index(1), name("depth")}, {name("tree"), key("dc=b"), name("depth")}},
		99: {nil, {name("missing")}, {index(1)}},
	} {
		for _, p := range paths {
			got := Resolve(body, header, diag.Diagnostics{{Path: p}})[0].Subject
			if got.Start.Line != line && (line != 6 || got.Start.Line != 6) {
				t.Errorf("%s is at line %d, not %d", p, got.Start.Line, line)
			}
		}
	}
}

func TestInvalidSchemas(t *testing.T) {
	deep := Block{}
	for range 20 {
		deep = Block{Blocks: []NestedBlock{{Name: "x", Body: deep}}}
	}
	for want, b := range map[string]Block{
		"no valid name":   {Fields: []Field{{Name: "a b", Type: String}}},
		"declared twice":  {Fields: []Field{{Name: "a", Type: String}, {Name: "a", Type: Int}}},
		"unknown type":    {Fields: []Field{{Name: "a", Type: 99}}},
		"invalid pattern": {Fields: []Field{{Name: "a", Type: String, Pattern: "("}}},
		"is the host's":   {Blocks: []NestedBlock{{Name: "gateway"}}},
		"nested more":     deep,
	} {
		_, ds := Decode(bodyOf(t, ""), b, secretContext, hcl.Range{Filename: "gateway.hcl"})
		if len(ds) != 1 || !strings.Contains(ds[0].Detail, want) {
			t.Errorf("%s: %v", want, ds)
		}
	}
}

func TestDocs(t *testing.T) {
	got := string(sample.Docs())
	if *update {
		if err := os.WriteFile("testdata/sample.md", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/sample.md")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s", got)
	}
}
