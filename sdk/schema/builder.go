package schema

import "time"

// FieldBuilder is a field under construction. Every method returns a changed copy.
type FieldBuilder struct{ field Field }

func (b FieldBuilder) addTo(s *Schema) { s.Fields = append(s.Fields, b.field) }

// String declares a string.
func String(name string) FieldBuilder { return of(name, TypeString) }

// Int declares a whole number.
func Int(name string) FieldBuilder { return of(name, TypeInt) }

// Float declares a number.
func Float(name string) FieldBuilder { return of(name, TypeFloat) }

// Bool declares true or false.
func Bool(name string) FieldBuilder { return of(name, TypeBool) }

// Duration declares a time span, written and received as "15m"; decode it into a
// sdk.Duration.
func Duration(name string) FieldBuilder { return of(name, TypeDuration) }

// StringList declares a list of strings.
func StringList(name string) FieldBuilder { return of(name, TypeStringList) }

// StringMap declares a map from string to string.
func StringMap(name string) FieldBuilder { return of(name, TypeStringMap) }

// Secret declares a string that must come from env() or file() and is never shown.
func Secret(name string) FieldBuilder {
	b := of(name, TypeString)
	b.field.Sensitive = true
	return b
}

func of(name string, t Type) FieldBuilder { return FieldBuilder{Field{Name: name, Type: t}} }

// Required makes leaving the field out an error.
func (b FieldBuilder) Required() FieldBuilder { b.field.Required = true; return b }

// Sensitive marks a value, a list or a map as secret.
func (b FieldBuilder) Sensitive() FieldBuilder { b.field.Sensitive = true; return b }

// Default is the value used when the field is left out. It may be a string, a
// number, a bool, a time.Duration, a []string or a map[string]string.
func (b FieldBuilder) Default(value any) FieldBuilder { b.field.Default = asJSON(value); return b }

// Doc says what the field is for, in sentences.
func (b FieldBuilder) Doc(text string) FieldBuilder { b.field.Doc = text; return b }

// OneOf lists the only values allowed.
func (b FieldBuilder) OneOf(values ...string) FieldBuilder { b.field.OneOf = values; return b }

// Pattern is an RE2 expression that must match the whole value.
func (b FieldBuilder) Pattern(re2 string) FieldBuilder { b.field.Pattern = re2; return b }

// Min is the least value; for durations it counts seconds.
func (b FieldBuilder) Min(least float64) FieldBuilder { b.field.Min = &least; return b }

// Max is the greatest value; for durations it counts seconds.
func (b FieldBuilder) Max(most float64) FieldBuilder { b.field.Max = &most; return b }

// Example is a value for the reference page.
func (b FieldBuilder) Example(value string) FieldBuilder { b.field.Example = value; return b }

// Deprecated marks the field as old and says what to use instead.
func (b FieldBuilder) Deprecated(instead string) FieldBuilder { b.field.Deprecated = instead; return b }

// BlockBuilder is a nested block under construction. Unless changed by Repeated it
// may be given once.
type BlockBuilder struct{ block Nested }

func (b BlockBuilder) addTo(s *Schema) { s.Blocks = append(s.Blocks, b.block) }

// Block declares a nested block with these fields and blocks. It arrives in JSON as
// an object, or as a list of objects when it is Repeated or has a label; the label
// is in the field "label".
func Block(name string, items ...Item) BlockBuilder {
	return BlockBuilder{Nested{Name: name, Body: Of(items...), MaxItems: 1}}
}

// Required makes leaving the block out an error.
func (b BlockBuilder) Required() BlockBuilder { b.block.MinItems = max(b.block.MinItems, 1); return b }

// Repeated allows the block between least and most times; most 0 is any number.
func (b BlockBuilder) Repeated(least, most int) BlockBuilder {
	b.block.MinItems, b.block.MaxItems = least, most
	return b
}

// Doc says what the block is for, in sentences.
func (b BlockBuilder) Doc(text string) BlockBuilder { b.block.Doc = text; return b }

// Label gives the block a label and says what it means.
func (b BlockBuilder) Label(meaning string) BlockBuilder { b.block.Label = meaning; return b }

func asJSON(value any) any {
	switch v := value.(type) {
	case int:
		return float64(v)
	case time.Duration:
		return v.String()
	case []string:
		list := make([]any, len(v))
		for i := range v {
			list[i] = v[i]
		}
		return list
	case map[string]string:
		object := make(map[string]any, len(v))
		for key := range v {
			object[key] = v[key]
		}
		return object
	}
	return value
}
