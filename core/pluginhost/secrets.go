package pluginhost

import (
	"encoding/json"

	"syncgateway/core/diag"
)

// secrets are the texts at and below the paths.
func secrets(config []byte, paths []diag.Path) []string {
	var root any
	if json.Unmarshal(config, &root) != nil {
		return nil
	}
	var found []string
	for _, p := range paths {
		found = append(found, texts(follow(root, p))...)
	}
	return found
}

func follow(value any, path diag.Path) any {
	for _, step := range path {
		switch v := value.(type) {
		case map[string]any:
			value = v[step.Name]
		case []any:
			if step.Kind != diag.IndexStep || step.Index < 0 || step.Index >= len(v) {
				return nil
			}
			value = v[step.Index]
		default:
			return nil
		}
	}
	return value
}

func texts(value any) []string {
	var found []string
	switch v := value.(type) {
	case string:
		found = append(found, v)
	case []any:
		for _, x := range v {
			found = append(found, texts(x)...)
		}
	case map[string]any:
		for _, x := range v {
			found = append(found, texts(x)...)
		}
	}
	return found
}
