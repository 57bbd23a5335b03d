package identity

import (
	"strings"
	"unicode"
)

// Fold maps a name or an e-mail address to the form it is compared in: trimmed,
// inner runs of white space made one space, lower case by Unicode simple folding.
// Two names with the same fold are the same name to this gateway.
func Fold(s string) string {
	if isFolded(s) {
		return s
	}
	return strings.ToLower(strings.Join(strings.Fields(s), " "))
}

// isFolded is the fast path: plain lower-case ASCII without doubtful white space.
func isFolded(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c <= ' ' || c >= 0x80 || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}

// Visible returns s with control characters replaced, cut to at most n runes: what
// may be shown of a value that came from elsewhere.
func Visible(s string, n int) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return '\uFFFD'
		}
		return r
	}, s)
	if runes := []rune(clean); len(runes) > n {
		return string(runes[:n]) + "…"
	}
	return clean
}
