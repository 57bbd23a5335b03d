package sdk

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"syncgateway/sdk/internal/wire"
	"syncgateway/sdk/record"
)

// What a page may hold: by default 500 records, always 256 KiB. A record beyond
// recordBytes cannot be sent at all.
const (
	pageRecords = 500
	pageBytes   = 256 << 10
	recordBytes = 1 << 20
	memberBytes = 64 << 10 // of the ids in one Members message
)

var errEnded = errors.New("the read has ended: nothing may follow Complete or Reset")

// stream is what the writers share: a page in the making, counts, and the end. Its
// mutex makes every writer safe for several goroutines.
type stream struct {
	mu      sync.Mutex
	events  wire.Events
	flush   func() error
	records int
	bytes   int
	limit   int
	count   uint64
	sent    map[string]*seen // by sort; nil in a delta read, where a record may come again
	end     *record.Complete
	reset   bool
	broken  error // the host is gone, or a record could not be sent
}

// begin prepares a stream. delta says that it sends changes, not all there is.
func (s *stream) begin(events wire.Events, pageSize int, delta bool, flush func() error) {
	s.events, s.flush, s.limit = events, flush, pageRecords
	if !delta {
		s.sent = map[string]*seen{}
	}
	if pageSize > 0 && pageSize < pageRecords {
		s.limit = pageSize
	}
}

// open reports whether more may be sent.
func (s *stream) open() error {
	if s.broken == nil && (s.end != nil || s.reset) {
		s.broken = errEnded
	}
	return s.broken
}

// room sends the page so far when size more bytes do not fit.
func (s *stream) room(size int) error {
	if err := s.open(); err != nil {
		return err
	}
	if s.records > 0 && (s.records >= s.limit || s.bytes+size > pageBytes) {
		return s.send()
	}
	return nil
}

func (s *stream) took(size int) { s.records, s.bytes = s.records+1, s.bytes+size }

// send sends the page so far, if there is anything in it.
func (s *stream) send() error {
	if s.records > 0 && s.broken == nil {
		s.broken = s.flush()
		s.records, s.bytes = 0, 0
	}
	return s.broken
}

// add checks one record and makes room for it. again says that the read has sent it
// already, and it is left out: a listing that moves while it is read shows a record on
// two pages.
func (s *stream) add(what, id string, size int) (again bool, err error) {
	switch {
	case id == "":
		s.broken = errors.Join(s.broken, Invalid("a %s came without an id", what))
	case size > recordBytes:
		s.broken = errors.Join(s.broken, Invalid("%s %s has %d bytes; %d is the most", what, id, size, recordBytes))
	}
	if err := s.open(); err != nil {
		return false, err
	}
	if s.sent != nil && s.before(what).again(id) {
		return true, nil
	}
	if err := s.room(size); err != nil {
		return false, err
	}
	s.count++
	s.took(size)
	return false, nil
}

// before is what was sent of one sort of record.
func (s *stream) before(what string) *seen {
	ids := s.sent[what]
	if ids == nil {
		ids = newSeen()
		s.sent[what] = ids
	}
	return ids
}

// Notice tells about one record: "skipped: no e-mail".
func (s *stream) Notice(recordID, format string, args ...any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(); err != nil {
		return err
	}
	s.broken = s.events.Notice(record.Notice{RecordID: recordID, Problem: Problem{Severity: SeverityWarning, Summary: fmt.Sprintf(format, args...)}})
	return s.broken
}

// Waiting says that nothing is wrong, the remote system asked for patience. The
// client of package httpx says it by itself.
func (s *stream) Waiting(reason string, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open() == nil {
		s.broken = s.events.Waiting(reason, until)
	}
}

func (s *stream) complete(delta []byte, remoteTotal *uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(); err != nil {
		return err
	}
	s.end = &record.Complete{Delta: delta, RemoteTotal: remoteTotal}
	return nil
}

// finish ends the stream as the author's method ended: never with Complete after an
// error, nor without the author having said that the read was whole.
func (s *stream) finish(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil && s.broken != nil:
		err = s.broken
	case err == nil && s.reset:
		return nil
	case err == nil && s.end == nil:
		err = Unavailable("the connector ended the read without saying that it was complete")
	}
	if err == nil {
		if err = s.send(); err == nil {
			s.end.Count = s.count
			return s.events.Complete(*s.end)
		}
	}
	_ = s.send() // what came before is good; a page that cannot be sent says so itself
	return s.events.Failure(record.AsFailure(err))
}
