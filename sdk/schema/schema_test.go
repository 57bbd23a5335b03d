package schema_test

import (
	"reflect"
	"testing"
	"time"

	. "syncgateway/sdk/schema"
)

func TestBuilder(t *testing.T) {
	least, most := 1.0, 9.0
	got := Of(
		String("url").Required().Doc("d").Pattern("https://.*").Example("e"), Secret("token"), Int("n").Default(5).Min(1).Max(9),
		Bool("b").Default(true), Duration("every").Default(time.Minute), StringList("l").Default([]string{"x"}).OneOf("x", "y"),
		StringMap("m").Sensitive().Default(map[string]string{"k": "v"}), Float("f").Deprecated("n"),
		Block("auth", String("kind")).Required().Doc("d"), Block("many").Repeated(1, 0).Label("name"),
	)
	want := Schema{Fields: []Field{
		{Name: "url", Type: TypeString, Required: true, Doc: "d", Pattern: "https://.*", Example: "e"}, {Name: "token", Type: TypeString, Sensitive: true},
		{Name: "n", Type: TypeInt, Default: 5.0, Min: &least, Max: &most}, {Name: "b", Type: TypeBool, Default: true},
		{Name: "every", Type: TypeDuration, Default: "1m0s"}, {Name: "l", Type: TypeStringList, Default: []any{"x"}, OneOf: []string{"x", "y"}},
		{Name: "m", Type: TypeStringMap, Sensitive: true, Default: map[string]any{"k": "v"}}, {Name: "f", Type: TypeFloat, Deprecated: "n"},
	}, Blocks: []Nested{
		{Name: "auth", Doc: "d", MinItems: 1, MaxItems: 1, Body: Schema{Fields: []Field{{Name: "kind", Type: TypeString}}}},
		{Name: "many", MinItems: 1, Label: "name"},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
