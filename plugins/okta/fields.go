package okta

import (
	"encoding/json"
	"errors"
	"slices"
	"unicode/utf8"

	"syncgateway/sdk"
)

// fields is a profile: base and custom attributes side by side, of whatever type. All
// become text, an array several values, null nothing. Profiles are most of what is
// read, so they are decoded without maps and reflection.
type fields sdk.Attributes

// UnmarshalJSON reads an object. As encoding/json promises, it is well formed.
func (f *fields) UnmarshalJSON(data []byte) error {
	*f = (*f)[:0]
	if string(data) == "null" {
		return nil
	}
	if len(data) < 2 || data[0] != '{' {
		return errors.New("a profile that is not an object")
	}
	s := scanner{data: data, at: 1}
	for s.skip(); s.data[s.at] != '}'; s.skip() {
		name := s.text()
		s.skip()
		if values := s.values(); len(values) > 0 {
			*f = append(*f, sdk.Attribute{Name: name, Values: values})
		}
	}
	return nil
}

// take returns an attribute's first value and removes the attribute.
func (f *fields) take(name string) string {
	at := slices.IndexFunc(*f, func(a sdk.Attribute) bool { return a.Name == name })
	if at < 0 {
		return ""
	}
	value := (*f)[at].Values[0]
	*f = slices.Delete(*f, at, at+1)
	return value
}

// first returns an attribute's first value.
func (f fields) first(name string) string { return sdk.Attributes(f).First(name) }

// wanted are the attributes that were asked for; no names at all ask for everything.
func (f fields) wanted(names []string) sdk.Attributes {
	if len(names) == 0 {
		return sdk.Attributes(f)
	}
	return slices.DeleteFunc(sdk.Attributes(f), func(a sdk.Attribute) bool { return !slices.Contains(names, a.Name) })
}

// scanner walks through well formed JSON.
type scanner struct {
	data []byte
	at   int
}

// skip passes white space and what parts values.
func (s *scanner) skip() {
	for {
		switch s.data[s.at] {
		case ' ', '\t', '\n', '\r', ',', ':':
			s.at++
		default:
			return
		}
	}
}

// values are what one value has as text, without empty ones.
func (s *scanner) values() []string {
	if s.data[s.at] != '[' {
		if v := s.value(); v != "" {
			return []string{v}
		}
		return nil
	}
	var all []string
	s.at++
	for s.skip(); s.data[s.at] != ']'; s.skip() {
		if v := s.value(); v != "" {
			all = append(all, v)
		}
	}
	s.at++
	return all
}

// value is one value as text: null is empty, and what is nested stays JSON.
func (s *scanner) value() string {
	switch s.data[s.at] {
	case '"':
		return s.text()
	case '{', '[':
		return s.nested()
	}
	start := s.at
	for s.at < len(s.data) && !isEnd(s.data[s.at]) {
		s.at++
	}
	if word := s.data[start:s.at]; string(word) != "null" {
		return string(word)
	}
	return ""
}

func isEnd(c byte) bool {
	return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\t' || c == '\n' || c == '\r'
}

// text is a string. Only one with escapes, or that is not UTF-8, needs the real decoder.
func (s *scanner) text() string {
	start, plain := s.at, true
	for s.at++; s.data[s.at] != '"'; s.at++ {
		if s.data[s.at] == '\\' {
			plain = false
			s.at++
		}
	}
	s.at++
	if raw := s.data[start+1 : s.at-1]; plain && utf8.Valid(raw) {
		return string(raw)
	}
	var decoded string
	_ = json.Unmarshal(s.data[start:s.at], &decoded) // well formed, see UnmarshalJSON
	return decoded
}

func (s *scanner) nested() string {
	start, depth := s.at, 0
	for {
		switch s.data[s.at] {
		case '"':
			s.text()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if s.at++; depth == 0 {
			return string(s.data[start:s.at])
		}
	}
}
