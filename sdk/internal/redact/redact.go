// Package redact keeps the values that must never be shown, for the whole process,
// and takes them out of text. A connector process serves one configured block, so
// one set is enough.
package redact

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Mask stands where a secret was.
const Mask = "(redacted)"

// shortest is the length below which a value is not replaced: it would be found in
// every other word, and hides nothing that guessing would not find.
const shortest = 4

var (
	mu       sync.RWMutex
	known    = map[string]bool{}
	replacer = strings.NewReplacer()
)

// Add makes the values secret from now on, with the forms they take in URLs, in JSON
// and in headers.
func Add(values ...string) {
	mu.Lock()
	defer mu.Unlock()
	for _, value := range values {
		if len(value) < shortest {
			continue
		}
		for _, form := range forms(value) {
			known[form] = true
		}
	}
	replacer = build(known)
}

func forms(value string) []string {
	inJSON, _ := json.Marshal(value)
	list := []string{value, url.QueryEscape(value), url.PathEscape(value), strings.Trim(string(inJSON), `"`),
		base64.StdEncoding.EncodeToString([]byte(value))}
	for _, line := range strings.Split(value, "\n") { // a key in PEM leaks by its lines
		if len(line) >= 16 {
			list = append(list, line)
		}
	}
	return list
}

// build puts longer values first, since a replacer takes the first that fits.
func build(set map[string]bool) *strings.Replacer {
	values := make([]string, 0, len(set))
	for value := range set {
		values = append(values, value)
	}
	slices.SortFunc(values, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	pairs := make([]string, 0, 2*len(values))
	for _, value := range values {
		pairs = append(pairs, value, Mask)
	}
	return strings.NewReplacer(pairs...)
}

// Text returns s without secrets.
func Text(s string) string {
	mu.RLock()
	defer mu.RUnlock()
	return replacer.Replace(s)
}

// Writer passes on what is written without secrets. Each Write must be a whole line,
// as loggers do.
type Writer struct{ To io.Writer }

// Write redacts and passes on. It reports len(p), whatever the length after.
func (w Writer) Write(p []byte) (int, error) {
	if _, err := io.WriteString(w.To, Text(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}
