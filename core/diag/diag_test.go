package diag

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"pgregory.net/rapid"
)

func span1(src, part string) hcl.Range {
	at := strings.Index(src, part)
	line := strings.Count(src[:at], "\n") + 1
	column := at - strings.LastIndex(src[:at], "\n")
	return hcl.Range{Filename: "f.hcl", Start: hcl.Pos{Line: line, Column: column, Byte: at}, End: hcl.Pos{Line: line, Column: column + len(part), Byte: at + len(part)}}
}

func TestTextAndJSON(t *testing.T) {
	src := "block \"x\" {\n\tname = \"hidden\" + \"shown\" # note\n}\n"
	ds := Diagnostics{
		At(Warning, "b", span1(src, `"shown"`), "Second", ""),
		At(Error, "a", span1(src, `name`), "First", "It says s3cret.\nTwice."),
		{Severity: Error, Summary: "Nowhere\x1b[2J"},
		At(Error, "a", span1(src, `name`), "First", "It says s3cret.\nTwice."),
	}
	r := Renderer{Files: Files{"f.hcl": {Src: []byte(src), Shown: []hcl.Range{span1(src, "name"), span1(src, `"shown"`)}}}, Redact: NewRedactor("s3cret")}
	var text strings.Builder
	if err := r.Text(&text, ds); err != nil {
		t.Fatal(err)
	}
	want := "error: Nowhere\ufffd[2J\n\n" +
		"f.hcl:2:2: error: First\n  2 |  name = \"•••\" + \"shown\" •••\n    |  ^^^^\nIt says [redacted].\nTwice.\n\n" +
		"f.hcl:2:20: warning: Second\n  2 |  name = \"•••\" + \"shown\" •••\n    |                 ^^^^^^^\n"
	if text.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", text.String(), want)
	}
	var out strings.Builder
	if err := r.JSON(&out, ds); err != nil {
		t.Fatal(err)
	}
	var views []View
	if err := json.Unmarshal([]byte(out.String()), &views); err != nil || len(views) != 3 {
		t.Fatalf("%d views, %v", len(views), err)
	}
	if v := views[1]; v.Code != "a" || v.Range.StartLine != 2 || v.Range.StartColumn != 2 || v.Snippet.Start != 1 || v.Snippet.End != 5 {
		t.Errorf("%+v %+v %+v", v, v.Range, v.Snippet)
	}
}

func TestBrokenFileShowsNamesAlone(t *testing.T) {
	src := "token = \"abc\nnext = tok3n\n"
	f := Files{"f.hcl": {Src: []byte(src), Broken: true}}
	for part, want := range map[string]string{"abc": "token = •••", "tok3n": "•••"} {
		if got := f.snippet(span1(src, part)); got.Text != want {
			t.Errorf("%s: %q", part, got.Text)
		}
	}
}

func TestSnippetOfAnyRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := rapid.StringOf(rapid.SampledFrom([]rune("ab \"\n{}=#$ä\t\r<~"))).Draw(t, "src")
		start := rapid.IntRange(0, len(src)).Draw(t, "start")
		end := rapid.IntRange(0, len(src)).Draw(t, "end")
		f := Files{"f.hcl": {Src: []byte(src), Broken: rapid.Bool().Draw(t, "broken")}}
		s := f.snippet(hcl.Range{Filename: "f.hcl", Start: hcl.Pos{Line: 1, Byte: start}, End: hcl.Pos{Line: 1, Byte: end}})
		if s == nil || s.Start < 0 || s.End <= s.Start || strings.Contains(s.Text, "\n") {
			t.Fatalf("%+v", s)
		}
	})
}

func TestRedactor(t *testing.T) {
	secret := "p@ss/w+rd \"1\"<&>"
	r := NewRedactor(secret, "abc", "-----BEGIN KEY-----\nMIIBVQIBADANBgkqhkiG\n-----END KEY-----\n")
	quoted, err := json.Marshal(map[string]string{"a": secret})
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(string(quoted))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"token " + secret, string(quoted), string(again), "/x?t=" + url.QueryEscape(secret), "/" + url.PathEscape(secret) + "/",
		"Basic " + base64.StdEncoding.EncodeToString([]byte("u:"+secret)), "Basic " + base64.StdEncoding.EncodeToString([]byte("us:"+secret)),
		base64.URLEncoding.EncodeToString([]byte(secret + secret)), "line MIIBVQIBADANBgkqhkiG alone",
	} {
		got := r.String(text)
		if !strings.Contains(got, redacted) {
			t.Errorf("%q stays %q", text, got)
		}
		if strings.Contains(got, "w+rd") || strings.Contains(got, "MIIB") {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := r.String("abc"); got != "abc" {
		t.Errorf("a short text was redacted: %q", got)
	}
	var none *Redactor
	if none.String("x") != "x" || string(none.Bytes([]byte("x"))) != "x" {
		t.Error("the nil Redactor changed a text")
	}
}

func TestRedactorFindsBase64AtAnyOffset(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[a-zA-Z0-9]{12,40}`).Draw(t, "secret")
		before := rapid.StringMatching(`[a-z:]{0,9}`).Draw(t, "before")
		after := rapid.StringMatching(`[a-z:]{0,9}`).Draw(t, "after")
		text := base64.StdEncoding.EncodeToString([]byte(before + secret + after))
		if got := NewRedactor(secret).String(text); !strings.Contains(got, redacted) {
			t.Fatalf("%q stays", text)
		}
	})
}

func TestSuggest(t *testing.T) {
	for name, want := range map[string]string{"api_tokn": "api_token", "emial": "email", "zzz": "", "x": "", "API_TOKEN": "api_token"} {
		got := Suggest(name, []string{"email", "api_token", "id"})
		if want == "" && got != "" || want != "" && got != ` Did you mean "`+want+`"?` {
			t.Errorf("%s: %q", name, got)
		}
	}
}
