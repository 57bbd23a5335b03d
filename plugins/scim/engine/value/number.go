package value

import (
	"strconv"
	"strings"
)

// maxExponent bounds what a number may be: beyond it nobody means anything.
const maxExponent = 9999

// decimal is a number as sign, digits and power of ten: 0.digits × 10^exp.
type decimal struct {
	negative bool
	digits   string // without zeros at either end; empty: zero
	exp      int
}

func (n Number) decimal() decimal {
	text, d := string(n), decimal{}
	text, d.negative = strings.CutPrefix(text, "-")
	if at := strings.IndexAny(text, "eE"); at >= 0 {
		d.exp, _ = strconv.Atoi(strings.TrimPrefix(text[at+1:], "+")) // the reader has bounded it
		text = text[:at]
	}
	whole, fraction, _ := strings.Cut(text, ".")
	d.exp += len(whole)
	all := whole + fraction
	d.digits = strings.TrimLeft(all, "0")
	d.exp -= len(all) - len(d.digits)
	d.digits = strings.TrimRight(d.digits, "0")
	if d.digits == "" {
		return decimal{}
	}
	return d
}

// Compare orders numbers by what they are worth, exactly.
func (n Number) Compare(m Number) int {
	a, b := n.decimal(), m.decimal()
	switch {
	case a.sign() != b.sign():
		return sign(a.sign() - b.sign())
	case a.exp != b.exp && a.digits != "":
		return sign(a.exp-b.exp) * a.sign()
	}
	return strings.Compare(a.digits, b.digits) * a.sign()
}

// Integral reports whether the number is whole, however it is written.
func (n Number) Integral() bool {
	d := n.decimal()
	return d.exp >= len(d.digits)
}

// Int returns the whole part of a number, cut off at 2^31 on either side.
func (n Number) Int() int {
	const limit = 1 << 31
	d := n.decimal()
	switch {
	case d.exp <= 0:
		return 0
	case d.exp > 10:
		return limit * d.sign()
	}
	digits := d.digits + strings.Repeat("0", max(0, d.exp-len(d.digits)))
	i, _ := strconv.Atoi(digits[:d.exp]) // ten digits at most
	return min(i, limit) * d.sign()
}

func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	}
	return 1
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

// ParseNumber takes text that is a JSON number.
func ParseNumber(text string) (Number, bool) {
	r := reader{data: []byte(text)}
	n, err := r.number()
	return n, err == nil && r.at == len(text)
}
