package sdk

import (
	"slices"
	"strings"
	"testing"

	"syncgateway/sdk/schema"
)

var validated = schema.Of(
	schema.String("url").Required().Pattern(`https://.+`), schema.Secret("token").Required(), schema.Int("n").Min(1).Max(9),
	schema.Float("f"), schema.Bool("b"), schema.Duration("every").Min(60).Max(3600), schema.StringList("kinds").OneOf("x", "y"),
	schema.StringMap("labels"), schema.String("mode").Required().Default("a").OneOf("a", "b"),
	schema.Block("auth", schema.String("kind").Required()),
	schema.Block("many", schema.Int("size")).Repeated(0, 2).Label("name"),
)

func TestValidateNamesThePlace(t *testing.T) {
	for config, want := range map[string][]string{
		`{"url":"https://x","token":"t","n":null}`: nil,
		`{"url":"https://x","token":"t","n":9,"f":1.5,"b":true,"every":"1m","kinds":["x"],"labels":{"k":"v"},"mode":"b",` +
			`"auth":{"kind":"k"},"many":[{"label":"l","size":1}]}`: nil,
		``:                     {"url", "token"},
		`{"urk":1}`:            {"url", "token", "urk"},
		`[]`:                   {""},
		`{`:                    {""},
		`{"url":1,"token":{}}`: {"url", "token"},
		`{"url":"http://x"}`:   {"url", "token"},
		`{"url":"https://x","token":"t","n":"1","f":"1","b":"true","every":"soon"}`:                       {"n", "f", "b", "every"},
		`{"url":"https://x","token":"t","n":0.5,"every":"1s"}`:                                            {"n", "every"},
		`{"url":"https://x","token":"t","n":0,"every":"2h"}`:                                              {"n", "every"},
		`{"url":"https://x","token":"t","n":10,"kinds":"x","labels":[]}`:                                  {"n", "kinds", "labels"},
		`{"url":"https://x","token":"t","kinds":["x","z",1],"labels":{"a.b":1}}`:                          {"kinds[1]", "kinds[2]", `labels["a.b"]`},
		`{"url":"https://x","token":"t","mode":"c","auth":{},"many":{}}`:                                  {"mode", "auth.kind", "many"},
		`{"url":"https://x","token":"t","auth":[],"many":[{"size":"x"},{"other":1},{}]}`:                  {"auth", "many", "many[0].size", "many[1].other"},
		`{"url":"https://x","token":"t","label":"l","auth":{"kind":"k","label":"l","deep":{"er":[1,2]}}}`: {"auth.label", "auth.deep", "label"},
	} {
		var got []string
		for _, p := range validate([]byte(config), validated) {
			got = append(got, p.Path.String())
			if p.Code == "" || p.Summary == "" {
				t.Errorf("%s: %+v", config, p)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: complaints at %q, want %q", config, got, want)
		}
	}
}

func TestValidateKeepsSecrets(t *testing.T) {
	s := schema.Of(schema.Secret("token").Pattern("[a-z]+").OneOf("a"))
	for _, p := range validate([]byte(`{"token":"S3CRET"}`), s) {
		if strings.Contains(p.Error(), "S3CRET") {
			t.Errorf("%v", p)
		}
	}
}
