package okta

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func equalJSON(t *testing.T, a, b any) bool {
	t.Helper()
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	return bytes.Equal(x, y)
}

func TestFields(t *testing.T) {
	var f fields
	err := json.Unmarshal([]byte(` { "a" : "x" , "n":1815, "big":12345678901234567890,"f":-1.50e3,"yes":true,"no":false,"nil":null,
		"list":[ "p", null, 7, "", "q\"\u00e9" ] ,"empty":"","none":[],"o":{"x":["}",{"y":1}]},"k\u00e9y":"\ud83d\ude00 \\ \/"} `), &f)
	if err != nil {
		t.Fatal(err)
	}
	want := `a=[x] n=[1815] big=[12345678901234567890] f=[-1.50e3] yes=[true] no=[false] list=[p 7 q"é] o=[{"x":["}",{"y":1}]}] kéy=[😀 \ /]`
	var got []string
	for _, a := range f {
		got = append(got, fmt.Sprintf("%s=%v", a.Name, a.Values))
	}
	if strings.Join(got, " ") != want {
		t.Errorf("%s\nwant %s", strings.Join(got, " "), want)
	}
	if f.take("n") != "1815" || f.take("n") != "" || f.first("a") != "x" || len(f.wanted([]string{"yes", "zzz"})) != 1 {
		t.Errorf("%v", f)
	}
}

// What the scanner reads is what encoding/json reads, whatever the text.
func FuzzFields(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":"b"}`, `{"a":[1,"\u0000",null,{"b":[]}],"c":-0.5e9}`, "{\"\xff\":\"\xfe\\n\"}", `null`, `[]`, `"x"`, `{"a":{"b":"\"}"}}`, ` {"":[[]]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got fields
		if json.Unmarshal(data, &got) != nil {
			return
		}
		var want map[string]any
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			t.Fatalf("read as %v, but %v", got, err)
		}
		last := map[string][]string{}
		for _, a := range got {
			last[a.Name] = a.Values
		}
		for name, value := range want {
			text, ok := value.(string)
			if number, is := value.(json.Number); is {
				text, ok = number.String(), true
			}
			if ok && text != "" && (len(last[name]) != 1 || last[name][0] != text) {
				t.Errorf("%q: %q, want %q", name, last[name], text)
			}
		}
		for name := range last {
			if _, ok := want[name]; !ok {
				t.Errorf("%q is made up", name)
			}
		}
	})
}

// BenchmarkUserPage decodes what one request for users brings.
func BenchmarkUserPage(b *testing.B) {
	var page bytes.Buffer
	for i := range 200 {
		fmt.Fprintf(&page, `,{"id":"00u%017d","status":"ACTIVE","created":"2025-06-24T16:39:18.000Z","activated":"2025-06-24T16:39:19.000Z","statusChanged":"2025-06-24T16:39:19.000Z",`+
			`"lastLogin":null,"lastUpdated":"2026-02-02T10:36:25.344Z","type":{"id":"otyfnjfba4ye7pgjB0g4"},"profile":{"login":"person%d@example.test","email":"person%d@example.test",`+
			`"firstName":"Ada","lastName":"Byron","displayName":"Ada Byron","department":"Research","employeeNumber":"%d","mobilePhone":null,"secondEmail":null,"costCentre":"77",`+
			`"title":"Engineer","city":"Zürich","countryCode":"CH","manager":"person1@example.test"},"_links":{"self":{"href":"https://example.okta.com/api/v1/users/00u%017d"}}}`, i, i, i, i, i)
	}
	data := append([]byte("["), page.Bytes()[1:]...)
	data = append(data, ']')
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		var users []userRecord
		if err := json.Unmarshal(data, &users); err != nil {
			b.Fatal(err)
		}
		for i := range users {
			if u, known := users[i].user(nil); !known || u.Email == "" {
				b.Fatal(u)
			}
		}
	}
	b.ReportMetric(float64(b.N)*200/b.Elapsed().Seconds(), "users/s")
}
