package value

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseKeepsWhatWasWritten(t *testing.T) {
	for _, text := range []string{`{}`, `[]`, `{"a":[1,2.50,-0,1e10,true,false,null],"B":{"c":"ä\"\\\n"}}`, `"😀"`, `12345678901234567890`} {
		v, err := Parse([]byte(text), 10)
		if got := string(Append(nil, v)); err != nil || got != text {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	v, err := Parse([]byte(" \"\\u00e4\\ud83d\\ude00\\/\" "), 1)
	if err != nil || v != "ä😀/" {
		t.Errorf("%q, %v", v, err)
	}
}

func TestParseRefuses(t *testing.T) {
	many := make([]string, 40)
	for i := range many {
		many[i] = `"k` + strings.Repeat("x", i) + `":1`
	}
	for _, text := range []string{``, `{`, `[1,]`, `{"a":1,}`, `{"a":1,"A":2}`, `01`, `1.`, `-`, `1e`, `1e99999`, `"\x"`, `"\ud800"`, `"\ud800\u0041"`, "\"\n\"",
		"\"\xff\"", `nul`, `{} {}`, `{"a" 1}`, `{a:1}`, `[[[1]]]`, `{` + strings.Join(many, ",") + `,"KXXX":2}`, strings.Repeat("9", 1001)} {
		var bad *SyntaxError
		if v, err := Parse([]byte(text), 2); !errors.As(err, &bad) {
			t.Errorf("%.40s: %v, %v", text, v, err)
		}
	}
	deep := []byte(strings.Repeat("[", 10000) + strings.Repeat("]", 10000))
	if _, err := Parse(deep, 32); err == nil {
		t.Error("10,000 levels were taken")
	}
}

func TestNumbersCompareExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.StringMatching(`-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,12})?([eE][+-]?[0-9]{1,2})?`)
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		if got := Number(a).Compare(Number(b)); got != x.Cmp(y) {
			t.Fatalf("%s %s: %d", a, b, got)
		}
		if Number(a).Integral() != x.IsInt() {
			t.Fatalf("%s integral", a)
		}
	})
	for n, want := range map[Number]int{"0": 0, "-3": -3, "1e2": 100, "12345678901": 1 << 31, "-1e99": -1 << 31, "0.5": 0, "10": 10, "0.001": 0, "99.9": 99, "2147483647": 1<<31 - 1} {
		if got := n.Int(); got != want {
			t.Errorf("%s: %d", n, got)
		}
	}
}

func TestFold(t *testing.T) {
	for a, b := range map[string]string{"ADA@X": "ada@x", "ÄRGER": "ärger", "A\u0308": "ä", "ＡＤＡ": "ada", "ΟΔΥΣΣΕΥΣ": "οδυσσευς", "\u212a": "k", "ß": "ẞ"} {
		if Fold(a) != Fold(b) {
			t.Errorf("%q %q: %q %q", a, b, Fold(a), Fold(b))
		}
	}
	if Fold("a") == Fold("b") || Fold("i") == Fold("ı") {
		t.Error("too much is the same")
	}
}

func TestEqual(t *testing.T) {
	a, _ := Parse([]byte(`{"a":[1,{"b":"c"}],"d":1.0}`), 9)
	b, _ := Parse([]byte(`{"d":1,"a":[1,{"b":"c"}]}`), 9)
	c, _ := Parse([]byte(`{"d":1,"a":[1,{"b":"C"}]}`), 9)
	if !Equal(a, b) || Equal(b, c) || Equal(a, nil) {
		t.Error(Equal(a, b), Equal(b, c))
	}
}

// FuzzParse: whatever is taken is JSON for encoding/json too, comes out as it went in,
// and is not deeper than allowed.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,"\u00e4",null,true]}`, `[[[[[[[[[[]]]]]]]]]]`, `{"a":1,"A":2}`, `"\ud83d\ude00"`, "\uFEFF{}", `-0.0e-9`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Parse(data, 16)
		if err != nil {
			return
		}
		out := Append(nil, v)
		if !json.Valid(out) || depth(v) > 16 {
			t.Fatalf("%q became %q", data, out)
		}
		again, err := Parse(out, 16)
		if err != nil || !Equal(v, again) {
			t.Fatalf("%q: %v", out, err)
		}
	})
}

// FuzzDepth: what is taken is JSON for others too, and the bound on nesting refuses what is
// deeper and nothing else.
func FuzzDepth(f *testing.F) {
	for i, s := range []string{`[[[]]]`, `{"a":{"b":[{"c":[]}]}}`, `[{"a":1},[2,[3]],"[["]`, `"{"`, `[[1],[[2]],[[[3]]]]`, strings.Repeat("[", 300)} {
		f.Add([]byte(s), uint8(i))
	}
	f.Fuzz(func(t *testing.T, data []byte, limit uint8) {
		v, whole := Parse(data, len(data))
		if whole == nil && !json.Valid(bytes.TrimPrefix(data, []byte("\uFEFF"))) {
			t.Fatalf("%q was taken", data)
		}
		bounded, err := Parse(data, int(limit))
		if fits := whole == nil && depth(v) <= int(limit); fits != (err == nil) || fits && !Equal(v, bounded) {
			t.Fatalf("%q, %d deep, within %d: %v, %v", data, depth(v), limit, whole, err)
		}
	})
}

func depth(v any) int {
	deepest := 0
	switch x := v.(type) {
	case []any:
		for _, e := range x {
			deepest = max(deepest, depth(e))
		}
	case Object:
		for _, m := range x {
			deepest = max(deepest, depth(m.Value))
		}
	default:
		return 0
	}
	return deepest + 1
}
