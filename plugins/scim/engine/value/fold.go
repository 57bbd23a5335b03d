package value

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// Fold maps text to the form in which it is compared without regard to case: that of
// the PRECIS profile for user names (RFC 8265), narrow, lower case, composed, with the
// two small sigmas made one. It refuses nothing.
func Fold(s string) string {
	plain, lower := true, true
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] < utf8.RuneSelf
		lower = lower && !(s[i] >= 'A' && s[i] <= 'Z')
	}
	switch {
	case plain && lower:
		return s
	case plain:
		return strings.ToLower(s)
	}
	folded := strings.ToLower(norm.NFC.String(width.Fold.String(s)))
	return norm.NFC.String(strings.ReplaceAll(folded, "ς", "σ"))
}
