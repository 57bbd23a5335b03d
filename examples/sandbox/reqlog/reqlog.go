// Package reqlog is the sandbox's own record of every request it served and of what each one changed.
//
// Tests use it as the oracle, so it is written by the stand-ins alone and knows nothing of the client under test. It is
// not an access log for people and never holds a credential.
package reqlog

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// MaxBody is how many bytes of a request's body an entry keeps.
const MaxBody = 64 << 10

// Effect is one change that a request made. Ids are the vendor's; Email and GroupName are there for readers. N grows in
// the order in which changes took effect, also across requests that ran at the same time.
type Effect struct {
	N         int64  `json:"n"`
	Op        string `json:"op"`
	User      string `json:"user,omitempty"`
	Email     string `json:"email,omitempty"`
	Group     string `json:"group,omitempty"`
	GroupName string `json:"group_name,omitempty"`
	Detail    string `json:"detail,omitempty"`
}

// The operations an Effect can name.
const (
	UserInvite     = "user.invite"
	UserSuspend    = "user.suspend"
	UserRestore    = "user.restore"
	UserRemove     = "user.remove"
	UserDisable    = "user.disable"
	UserEnable     = "user.enable"
	UserProfile    = "user.profile"
	UserEmail      = "user.email"
	UserDelete     = "user.delete"
	GroupCreate    = "group.create"
	GroupDelete    = "group.delete"
	MemberAdd      = "member.add"
	MemberRemove   = "member.remove"
	RoleGrant      = "role.grant"
	RoleRevoke     = "role.revoke"
	PropertySet    = "property.set"
	PropertyDelete = "property.delete"
	ProjectLead    = "project.lead"
	ProjectRole    = "project.role"
	Permission     = "permission.grant"
)

// String gives the effect on one line, as `member.add jira-admins ada.byron@harbour.example`.
func (e Effect) String() string {
	s := e.Op
	for _, part := range []string{first(e.GroupName, e.Group), first(e.Email, e.User), e.Detail} {
		if part != "" {
			s += " " + part
		}
	}
	return s
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// Entry is one request. Status is 0 when the connection was closed without an answer.
type Entry struct {
	Seq     int64     `json:"seq"`
	Time    time.Time `json:"time"`
	Server  string    `json:"server"`
	Method  string    `json:"method"`
	Path    string    `json:"path"`
	Query   string    `json:"query,omitempty"`
	Body    string    `json:"body,omitempty"`
	Status  int       `json:"status"`
	Effects []Effect  `json:"effects,omitempty"`
	Faults  []string  `json:"faults,omitempty"`
}

// IsWrite tells whether the method may change something. A search by POST counts as a write here; look at Effects.
func (e Entry) IsWrite() bool { return e.Method != "GET" && e.Method != "HEAD" }

// Log keeps entries in the order in which the requests ended. It is safe for concurrent use.
type Log struct {
	effects atomic.Int64

	mu      sync.Mutex
	seq     int64
	entries []Entry
	sink    io.Writer
	sinkErr error
}

// New returns an empty log that also writes every entry as one JSON line to sink, unless sink is nil.
func New(sink io.Writer) *Log { return &Log{sink: sink} }

// Append numbers the entry, keeps it and writes it to the sink. It returns the number.
func (l *Log) Append(e Entry) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	e.Seq = l.seq
	l.entries = append(l.entries, e)
	if l.sink != nil && l.sinkErr == nil {
		l.sinkErr = writeLine(l.sink, e)
	}
	return e.Seq
}

func writeLine(w io.Writer, e Entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode log entry %d: %w", e.Seq, err)
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write log entry %d: %w", e.Seq, err)
	}
	return nil
}

// Err reports the first failure to write to the sink.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sinkErr
}

// Last returns the number of the newest entry, 0 if there was none. Numbers go on after Reset.
func (l *Log) Last() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seq
}

// Reset forgets all entries.
func (l *Log) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = nil
}

// Entries returns a copy of the entries that the filter selects, oldest first.
func (l *Log) Entries(f Filter) []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := []Entry{}
	for _, e := range l.entries {
		if f.selects(e) {
			out = append(out, e)
		}
	}
	return out
}

// Effects returns what the selected requests changed, in the order in which it took effect.
func (l *Log) Effects(f Filter) []Effect {
	var out []Effect
	for _, e := range l.Entries(f) {
		out = append(out, e.Effects...)
	}
	slices.SortFunc(out, func(a, b Effect) int { return cmp.Compare(a.N, b.N) })
	return out
}

// NewRecord returns the record of a request that begins.
func (l *Log) NewRecord() *Record { return &Record{log: l} }
