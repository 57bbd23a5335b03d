package pluginhost

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"syncgateway/core/diag"
	"syncgateway/core/identity"
)

// What is kept of a plugin's log, and what is passed on.
const (
	keptLines     = 200
	keptPanic     = 32 << 10
	lineBytes     = 8 << 10
	lineFields    = 32
	linesInSecond = 500
)

// logIntake reads what a plugin logs: hclog's JSON lines and anything else. go-plugin's
// own reader panics on lines that are JSON and not hclog's. Nothing is passed on or
// kept before secrets and control characters are taken out, and a plugin that floods
// is cut short.
type logIntake struct {
	log    hclog.Logger
	redact *diag.Redactor
	now    func() time.Time

	mu      sync.Mutex
	ring    []string
	next    int
	panicky bool
	panics  strings.Builder
	second  time.Time
	count   int
	dropped int
}

func newLogIntake(log hclog.Logger, redact *diag.Redactor, now func() time.Time) *logIntake {
	return &logIntake{log: log, redact: redact, now: now}
}

// writer takes one stream of the plugin: its lines do not mix with another's.
func (l *logIntake) writer() io.Writer { return &lineWriter{take: l.line} }

// lineWriter makes lines of what is written, the first 2*lineBytes of each: a secret
// that begins in what will be shown is then there whole, to be recognised.
type lineWriter struct {
	mu   sync.Mutex
	part []byte
	take func([]byte)
}

// Write never fails: a log must not stop a plugin.
func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(p)
	for len(p) > 0 {
		line, rest, ended := bytes.Cut(p, []byte("\n"))
		if room := 2*lineBytes - len(w.part); room > 0 {
			w.part = append(w.part, line[:min(len(line), room)]...)
		}
		if !ended {
			break
		}
		w.take(w.part)
		w.part, p = w.part[:0], rest
	}
	return n, nil
}

func (l *logIntake) line(raw []byte) {
	level, message, args := parseLine(raw)
	message = l.clean(message)
	for i := range args {
		if s, ok := args[i].(string); ok {
			args[i] = l.clean(s)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	panicky := l.keepPanic(level, message)
	l.keep(level, message, args)
	switch {
	case panicky:
		level = hclog.Error
	case level == hclog.NoLevel:
		level = hclog.Debug
	}
	if l.room() {
		l.log.Log(level, message, args...)
	}
}

func (l *logIntake) clean(s string) string {
	return identity.Visible(strings.ReplaceAll(l.redact.String(s), "\t", "    "), lineBytes)
}

// keepPanic collects the text of a panic: plain lines from "panic: " on.
func (l *logIntake) keepPanic(level hclog.Level, message string) bool {
	switch {
	case level != hclog.NoLevel:
		l.panicky = false
	case strings.HasPrefix(message, "panic: ") || strings.HasPrefix(message, "fatal error: "):
		l.panicky = true
		l.panics.Reset()
	}
	if l.panicky && l.panics.Len()+len(message) < keptPanic {
		l.panics.WriteString(message + "\n")
	}
	return l.panicky
}

func (l *logIntake) keep(level hclog.Level, message string, args []any) {
	var b strings.Builder
	if level != hclog.NoLevel {
		fmt.Fprintf(&b, "[%s] ", strings.ToUpper(level.String()))
	}
	b.WriteString(message)
	for i := 0; i+1 < len(args); i += 2 {
		fmt.Fprintf(&b, " %v=%v", args[i], args[i+1])
	}
	if len(l.ring) < keptLines {
		l.ring = append(l.ring, b.String())
		return
	}
	l.ring[l.next] = b.String()
	l.next = (l.next + 1) % keptLines
}

// room counts the lines of this second and reports whether one more is passed on.
func (l *logIntake) room() bool {
	if now := l.now(); now.Sub(l.second) >= time.Second || now.Before(l.second) {
		if l.dropped > 0 {
			l.log.Warn("log lines of the plugin were dropped", "lines", l.dropped)
		}
		l.second, l.count, l.dropped = now, 0, 0
	}
	if l.count++; l.count > linesInSecond {
		l.dropped++
		return false
	}
	return true
}

// last returns the kept lines, oldest first, and the text of the last panic. A panic
// the process has survived explains one error and not those that follow: forget it.
func (l *logIntake) last(forget bool) (lines []string, panics string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	panics = strings.TrimSpace(l.panics.String())
	if forget {
		l.panics.Reset()
	}
	return slices.Concat(l.ring[l.next:], l.ring[:l.next]), panics
}

// parseLine takes a line apart. What is not a JSON object is a message without a
// level; whatever type a value has, it is only ever shown.
func parseLine(raw []byte) (hclog.Level, string, []any) {
	var fields map[string]json.RawMessage
	if len(raw) == 0 || raw[0] != '{' || json.Unmarshal(raw, &fields) != nil {
		return hclog.NoLevel, string(raw), nil
	}
	level := hclog.LevelFromString(shown(fields["@level"]))
	if level == hclog.NoLevel {
		level = hclog.Info
	}
	var args []any
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if strings.HasPrefix(name, "@") || len(args) >= 2*lineFields {
			continue
		}
		args = append(args, name, shown(fields[name]))
	}
	return level, shown(fields["@message"]), args
}

// shown is a JSON string's text, or any other value's JSON.
func shown(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}
