package diag

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Redactor replaces secrets in texts, in the forms in which they travel: plain, in
// JSON, in URLs, in base64 at any offset ("user:secret" of Basic authentication), and
// each long line of a multi-line secret. It is safe for concurrent use; the nil
// Redactor changes nothing.
type Redactor struct {
	mu       sync.Mutex
	known    map[string]bool
	forms    []string
	replacer atomic.Pointer[strings.Replacer]
}

// redacted is what stands in a secret's place.
const redacted = "[redacted]"

// A text shorter than minSecret is not looked for: it would be found everywhere.
const minSecret = 4

// NewRedactor makes a Redactor that knows these secrets.
func NewRedactor(secrets ...string) *Redactor {
	r := &Redactor{known: map[string]bool{}}
	r.Add(secrets...)
	return r
}

// Add makes more secrets known. Those of fewer than four bytes are ignored.
func (r *Redactor) Add(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	changed := false
	for _, s := range secrets {
		s = strings.TrimSpace(s)
		if len(s) < minSecret || r.known[s] {
			continue
		}
		r.known[s], changed = true, true
		r.forms = append(r.forms, formsOf(s)...)
		for line := range strings.Lines(s) {
			if line = strings.TrimSpace(line); len(line) >= 16 && line != s {
				r.forms = append(r.forms, formsOf(line)...)
			}
		}
	}
	if changed {
		r.rebuild()
	}
}

func (r *Redactor) rebuild() {
	// The longest first: of two that begin at the same place the whole one goes.
	slices.SortFunc(r.forms, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	r.forms = slices.Compact(r.forms)
	pairs := make([]string, 0, 2*len(r.forms))
	for _, f := range r.forms {
		pairs = append(pairs, f, redacted)
	}
	r.replacer.Store(strings.NewReplacer(pairs...))
}

// String is s without secrets.
func (r *Redactor) String(s string) string {
	if r == nil {
		return s
	}
	if p := r.replacer.Load(); p != nil {
		return p.Replace(s)
	}
	return s
}

// Bytes is String for bytes; the result may be b itself.
func (r *Redactor) Bytes(b []byte) []byte {
	if r == nil || r.replacer.Load() == nil {
		return b
	}
	return []byte(r.String(string(b)))
}

func formsOf(s string) []string {
	forms := []string{s, url.QueryEscape(s), url.PathEscape(s), strings.ReplaceAll(url.QueryEscape(s), "+", "%20")}
	for _, j := range []string{jsonForm(s, true), jsonForm(s, false)} {
		forms = append(forms, j, jsonForm(j, false)) // JSON within JSON, as in logs
	}
	forms = append(forms, base64Forms(s)...)
	slices.Sort(forms)
	return slices.DeleteFunc(slices.Compact(forms), func(f string) bool { return len(f) < minSecret })
}

func jsonForm(s string, html bool) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(html)
	if err := enc.Encode(s); err != nil {
		return s
	}
	quoted := strings.TrimSuffix(b.String(), "\n")
	return quoted[1 : len(quoted)-1]
}

// base64Forms are the secret's characters within the base64 of a longer text, for
// each of the three ways in which it can fall on the groups of three bytes.
func base64Forms(s string) []string {
	if len(s) < 2*minSecret {
		return nil
	}
	var forms []string
	for shift := range 3 {
		padded := strings.Repeat("x", shift) + s
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			out := enc.EncodeToString([]byte(padded))
			first := (shift*8 + 5) / 6 // characters that hold bits of what precedes
			last := len(padded) * 8 / 6
			forms = append(forms, out[first:last])
		}
	}
	return forms
}
