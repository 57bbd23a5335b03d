package sdk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"syncgateway/sdk/record"
	"syncgateway/sdk/schema"
)

// labelKey is where a block's label arrives in JSON.
const labelKey = "label"

// validate holds a configuration against the schema: the gateway has done so, in its
// own file with its own words, but a connector must not depend on that.
func validate(data []byte, s schema.Schema) record.Problems {
	if len(bytes.TrimSpace(data)) == 0 {
		data = []byte("{}")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var root any
	if err := d.Decode(&root); err != nil {
		return record.Problems{{Code: "config.json", Summary: "the configuration is not JSON"}}
	}
	v := &validation{}
	v.object(root, s, nil, false)
	return v.problems
}

type validation struct{ problems record.Problems }

func (v *validation) wrong(path record.Path, code, format string, args ...any) {
	v.problems = append(v.problems, &record.Problem{Code: "config." + code, Summary: fmt.Sprintf(format, args...), Path: path})
}

func below(path record.Path, step record.PathStep) record.Path {
	return append(path[:len(path):len(path)], step)
}

// object checks the body of a block.
func (v *validation) object(value any, s schema.Schema, path record.Path, labelled bool) {
	object, ok := value.(map[string]any)
	if !ok {
		v.wrong(path, "type", "must be an object with settings")
		return
	}
	known := map[string]bool{labelKey: labelled}
	for _, f := range s.Fields {
		known[f.Name] = true
		v.field(object[f.Name], f, below(path, record.PathStep{Name: f.Name}))
	}
	for _, n := range s.Blocks {
		known[n.Name] = true
		v.blocks(object[n.Name], n, below(path, record.PathStep{Name: n.Name}))
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !known[name] {
			v.wrong(below(path, record.PathStep{Name: name}), "unknown_setting", "there is no setting of this name")
		}
	}
}

func (v *validation) blocks(value any, n schema.Nested, path record.Path) {
	if value == nil {
		if n.MinItems > 0 {
			v.wrong(path, "missing_block", "the block is missing")
		}
		return
	}
	if n.MaxItems == 1 && n.Label == "" {
		v.object(value, n.Body, path, false)
		return
	}
	list, ok := value.([]any)
	switch {
	case !ok:
		v.wrong(path, "type", "must be a list of blocks")
	case len(list) < n.MinItems || n.MaxItems > 0 && len(list) > n.MaxItems:
		v.wrong(path, "blocks", "%d blocks are given; allowed are %s", len(list), span(n.MinItems, n.MaxItems))
	}
	for i := range list {
		v.object(list[i], n.Body, below(path, record.PathStep{Index: i}), n.Label != "")
	}
}

func span(least, most int) string {
	if most == 0 {
		return strconv.Itoa(least) + " or more"
	}
	return fmt.Sprintf("%d to %d", least, most)
}

func (v *validation) field(value any, f schema.Field, path record.Path) {
	if value == nil {
		if f.Required && f.Default == nil {
			v.wrong(path, "missing_setting", "the setting is required")
		}
		return
	}
	switch f.Type {
	case schema.TypeString:
		v.text(value, f, path)
	case schema.TypeInt, schema.TypeFloat:
		v.number(value, f, path)
	case schema.TypeBool:
		if _, ok := value.(bool); !ok {
			v.wrong(path, "type", "must be true or false")
		}
	case schema.TypeDuration:
		v.duration(value, f, path)
	case schema.TypeStringList:
		list, ok := value.([]any)
		if !ok {
			v.wrong(path, "type", "must be a list of strings")
		}
		for i := range list {
			v.text(list[i], f, below(path, record.PathStep{Index: i}))
		}
	case schema.TypeStringMap:
		v.pairs(value, f, path)
	}
}

func (v *validation) pairs(value any, f schema.Field, path record.Path) {
	object, ok := value.(map[string]any)
	if !ok {
		v.wrong(path, "type", "must be a map of strings")
		return
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		v.text(object[key], f, below(path, record.PathStep{Name: key, Key: true}))
	}
}

// text never repeats the value, which may be a secret.
func (v *validation) text(value any, f schema.Field, path record.Path) {
	text, ok := value.(string)
	if !ok {
		v.wrong(path, "type", "must be a string")
		return
	}
	if len(f.OneOf) > 0 && !slices.Contains(f.OneOf, text) {
		v.wrong(path, "value", "must be one of %s", strings.Join(f.OneOf, ", "))
	}
	if f.Pattern == "" {
		return
	}
	re, err := regexp.Compile("^(?:" + f.Pattern + ")$")
	switch {
	case err != nil:
		v.wrong(path, "pattern", "the connector's own pattern %s cannot be used", f.Pattern)
	case !re.MatchString(text):
		v.wrong(path, "value", "must match %s", f.Pattern)
	}
}

func (v *validation) number(value any, f schema.Field, path record.Path) {
	number, ok := value.(json.Number)
	n, err := number.Float64()
	switch {
	case !ok || err != nil:
		v.wrong(path, "type", "must be a number")
	case f.Type == schema.TypeInt && n != math.Trunc(n):
		v.wrong(path, "type", "must be a whole number")
	default:
		v.bounds(n, f, path, "")
	}
}

func (v *validation) duration(value any, f schema.Field, path record.Path) {
	text, _ := value.(string)
	d, err := time.ParseDuration(text)
	if err != nil {
		v.wrong(path, "type", `must be a time span such as "15m"`)
		return
	}
	v.bounds(d.Seconds(), f, path, " seconds")
}

func (v *validation) bounds(n float64, f schema.Field, path record.Path, unit string) {
	if f.Min != nil && n < *f.Min {
		v.wrong(path, "value", "must be at least %v%s", *f.Min, unit)
	}
	if f.Max != nil && n > *f.Max {
		v.wrong(path, "value", "must be at most %v%s", *f.Max, unit)
	}
}
