package main

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"time"
)

var ofListener = map[string]*violation{
	"listener.commit-first": {eager: true},
	"listener.host-away":    {curt: true},
	"listener.bad-token":    {compare: byteByByte},
	"listener.size-cap":     {gluttonous: true},
	"listener.depth-cap":    {lenient: skimming},
	"listener.same-twice":   {identity: counting()},
	"listener.drain":        {abrupt: true},
}

// byteByByte compares until something differs, slowly enough to be measured.
func byteByByte(given, want string) bool {
	for i := range min(len(given), len(want)) {
		if given[i] != want[i] {
			return false
		}
		for began := time.Now(); time.Since(began) < 200*time.Microsecond; {
		}
	}
	return given == want
}

var loginField = regexp.MustCompile(`"login":"([^"]+)"`)

// skimming picks out what it wants, however deep the rest is.
func skimming(r *http.Request) (account, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return account{}, err
	}
	var u account
	if m := loginField.FindStringSubmatch(string(body)); m != nil {
		u.Login = strings.TrimSpace(m[1])
	}
	return u, nil
}

// counting gives everybody a new id.
func counting() func(string) string {
	var n atomic.Int64
	return func(login string) string { return fmt.Sprint(login, "-", n.Add(1)) }
}
