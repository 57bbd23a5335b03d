package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	pb "syncgateway/proto/gateway/plugin/v1"
)

// withDefaults fills in the defaults of a schema, as the gateway does before it calls
// Configure.
func withDefaults(config map[string]any, block *pb.Block) map[string]any {
	out := maps.Clone(config)
	for _, f := range block.GetFields() {
		if _, given := out[f.GetName()]; !given && f.Default != nil {
			out[f.GetName()] = f.GetDefault().AsInterface()
		}
	}
	for _, n := range block.GetBlocks() {
		switch v := out[n.GetName()].(type) {
		case map[string]any:
			out[n.GetName()] = withDefaults(v, n.GetBody())
		case []any:
			list := slices.Clone(v)
			for i := range list {
				if one, ok := list[i].(map[string]any); ok {
					list[i] = withDefaults(one, n.GetBody())
				}
			}
			out[n.GetName()] = list
		}
	}
	return out
}

// place is a field in a configuration.
type place struct {
	path  []any // string: a name; int: an index
	field *pb.Field
}

func (p place) String() string { return pathText(p.path) }

// places are the fields of the blocks that a configuration has, given or not.
func places(block *pb.Block, config map[string]any, at []any) []place {
	var out []place
	for _, f := range block.GetFields() {
		out = append(out, place{extend(at, f.GetName()), f})
	}
	for _, n := range block.GetBlocks() {
		switch v := config[n.GetName()].(type) {
		case map[string]any:
			out = append(out, places(n.GetBody(), v, extend(at, n.GetName()))...)
		case []any:
			for i := range v {
				if one, ok := v[i].(map[string]any); ok {
					out = append(out, places(n.GetBody(), one, extend(at, n.GetName(), i))...)
				}
			}
		}
	}
	return out
}

func extend(path []any, more ...any) []any { return append(path[:len(path):len(path)], more...) }

// value is what stands at a path, nil when nothing does.
func value(v any, path []any) any {
	for _, step := range path {
		switch at := step.(type) {
		case string:
			object, _ := v.(map[string]any)
			v = object[at]
		case int:
			list, _ := v.([]any)
			if at >= len(list) {
				return nil
			}
			v = list[at]
		}
	}
	return v
}

// with is a copy of a configuration with another value at the path, without any when
// it is nil.
func with(config map[string]any, path []any, to any) map[string]any {
	data, _ := json.Marshal(config) // it came from JSON
	var out map[string]any
	_ = json.Unmarshal(data, &out)
	object, _ := value(out, path[:len(path)-1]).(map[string]any)
	name, _ := path[len(path)-1].(string)
	if to == nil {
		delete(object, name)
	} else if object != nil {
		object[name] = to
	}
	return out
}

// sensitive are the paths that the gateway would name as secret.
func sensitive(block *pb.Block, config map[string]any, at []any) []*pb.Path {
	var out []*pb.Path
	for _, p := range places(block, config, at) {
		if p.field.GetSensitive() && value(config, p.path) != nil {
			out = append(out, toPath(p.path))
		}
	}
	return out
}

func toPath(path []any) *pb.Path {
	out := &pb.Path{}
	for _, step := range path {
		switch at := step.(type) {
		case string:
			out.Steps = append(out.Steps, &pb.Step{Step: &pb.Step_Name{Name: at}})
		case int:
			out.Steps = append(out.Steps, &pb.Step{Step: &pb.Step_Index{Index: int64(at)}})
		}
	}
	return out
}

func pathText(path []any) string {
	var b strings.Builder
	for i, step := range path {
		switch at := step.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", at)
		case string:
			if i > 0 {
				b.WriteByte('.')
			}
			b.WriteString(at)
		}
	}
	return b.String()
}

// shown is a path of the contract as text.
func shown(p *pb.Path) string {
	var path []any
	for _, s := range p.GetSteps() {
		switch at := s.GetStep().(type) {
		case *pb.Step_Name:
			path = append(path, at.Name)
		case *pb.Step_Key:
			path = append(path, at.Key)
		case *pb.Step_Index:
			path = append(path, int(at.Index))
		}
	}
	return pathText(path)
}

// secretName matches the names of fields that hold secrets.
var secretName = regexp.MustCompile(`(?i)(^|_)(token|secret|password|passphrase|private_?key|api_?key|credential)s?$`)

// secretPlaces are the fields that hold a secret, marked or not.
func (b *bench) secretPlaces(config map[string]any) []place {
	var out []place
	for _, p := range places(b.run.about.GetConfig().GetRoot(), config, nil) {
		named := secretName.MatchString(p.field.GetName()) || contains(b.fake.Secrets, p.String())
		if p.field.GetSensitive() || named && p.field.GetType() == pb.Type_TYPE_STRING {
			out = append(out, p)
		}
	}
	return out
}

// secrets are the values that must not be heard.
func (b *bench) secrets() []string {
	var out []string
	config := b.config()
	for _, p := range b.secretPlaces(config) {
		if text, ok := value(config, p.path).(string); ok {
			out = append(out, text, strings.TrimSpace(text))
		}
	}
	return out
}

func failed(ds []*pb.Diagnostic) bool {
	return slices.ContainsFunc(ds, func(d *pb.Diagnostic) bool { return d.GetSeverity() != pb.Diagnostic_SEVERITY_WARNING })
}

// diagnostics lists messages with their places.
func diagnostics(ds []*pb.Diagnostic) string {
	var out []string
	for _, d := range ds {
		out = append(out, fmt.Sprintf("%q at %q", d.GetSummary(), shown(d.GetPath())))
	}
	if len(out) == 0 {
		return "no message"
	}
	return strings.Join(out, ", ")
}
