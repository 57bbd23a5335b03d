// Package glob matches URL paths: `*` stands for one segment, `**` for any number of them, none included.
package glob

import "strings"

// Match tells whether the whole path fits the pattern.
func Match(pattern, path string) bool {
	return match(split(pattern), split(path))
}

func split(p string) []string { return strings.Split(strings.Trim(p, "/"), "/") }

func match(pattern, path []string) bool {
	for len(pattern) > 0 {
		if pattern[0] == "**" {
			for skip := 0; skip <= len(path); skip++ {
				if match(pattern[1:], path[skip:]) {
					return true
				}
			}
			return false
		}
		if len(path) == 0 || (pattern[0] != "*" && pattern[0] != path[0]) {
			return false
		}
		pattern, path = pattern[1:], path[1:]
	}
	return len(path) == 0
}
