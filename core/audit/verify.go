package audit

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"syncgateway/core/store"
)

// Verdict is what a verification found.
type Verdict struct {
	Entries  int       `json:"entries"`
	First    time.Time `json:"first,omitzero"`
	Last     time.Time `json:"last,omitzero"`
	Head     string    `json:"head"` // "SEQ:HASH" of the newest entry: keep it elsewhere
	Problems []Problem `json:"problems,omitempty"`
}

// Problem is a place where the record is not what was written.
type Problem struct {
	Seq  int64  `json:"seq"`
	Text string `json:"text"`
}

// Whole reports whether nothing was found.
func (v *Verdict) Whole() bool { return len(v.Problems) == 0 }

// Mark is an entry somebody kept the hash of.
type Mark struct {
	Seq  int64
	Hash []byte
}

// ParseMark reads "SEQ:HASH" as Verdict.Head gives it.
func ParseMark(s string) (Mark, error) {
	seq, sum, _ := strings.Cut(s, ":")
	n, err := strconv.ParseInt(seq, 10, 64)
	if err != nil || n < 1 {
		return Mark{}, fmt.Errorf("%q is not SEQ:HASH, as `gateway audit verify` prints it", s)
	}
	b, err := hex.DecodeString(sum)
	if err != nil || len(b) != 32 {
		return Mark{}, fmt.Errorf("%q is not SEQ:HASH, as `gateway audit verify` prints it", s)
	}
	return Mark{Seq: n, Hash: b}, nil
}

// Verify reads the record from an entry on and compares it with itself, with the
// anchor beside the database, and with marks that were kept elsewhere. A problem that
// an earlier start of the gateway noted in the record is a problem still.
func Verify(ctx context.Context, st store.Store, from int64, marks ...Mark) (*Verdict, error) {
	c := &check{Verdict: &Verdict{}, from: max(from, 1), hashes: map[int64][]byte{}}
	anchor, anchored, err := c.anchor(st)
	if err != nil {
		return nil, err
	}
	for _, m := range marks {
		c.hashes[m.Seq] = nil
	}
	c.hashes[anchor.Seq] = nil
	err = st.View(ctx, func(v store.Reader) error { return v.Audit(c.from-min(1, c.from-1), c.entry) })
	if err != nil {
		return nil, fmt.Errorf("read the audit record: %w", err)
	}
	c.Head = fmt.Sprintf("%d:%x", c.last.Seq, c.last.Hash)
	if anchored && anchor.Seq >= c.from {
		c.reaches(Mark(anchor), "the anchor beside the database")
	}
	for _, m := range marks {
		c.reaches(m, "the given mark")
	}
	return c.Verdict, nil
}

// check walks the chain.
type check struct {
	*Verdict
	from   int64
	last   store.AuditHead
	hashes map[int64][]byte // of the entries that anchor and marks name
}

func (c *check) problem(seq int64, format string, args ...any) {
	c.Problems = append(c.Problems, Problem{seq, fmt.Sprintf(format, args...)})
}

func (c *check) anchor(st store.Store) (store.AuditHead, bool, error) {
	a, err := st.AuditAnchor()
	switch {
	case errors.Is(err, store.ErrNotFound):
		c.problem(0, "the anchor beside the database is missing: whether the end of the record was cut off cannot be told")
		return a, false, nil
	case errors.Is(err, store.ErrDamaged):
		c.problem(0, "the anchor beside the database was altered")
		return a, false, nil
	}
	return a, err == nil, err
}

func (c *check) entry(e store.AuditEntry) error {
	if e.Seq < c.from { // only for its hash
		c.last = store.AuditHead{Seq: e.Seq, Hash: e.Hash}
		return nil
	}
	if c.last.Seq == 0 && c.from > 1 {
		c.problem(c.from-1, "entry %d is missing", c.from-1)
	} else if e.Seq != c.last.Seq+1 {
		c.problem(c.last.Seq+1, "%s missing", span(c.last.Seq+1, e.Seq-1))
	} else if !bytes.Equal(hash(c.last.Hash, &e), e.Hash) {
		c.problem(e.Seq, "entry %d was altered, or is not where it was written", e.Seq)
	}
	if e.Kind == Broken {
		var body brokenBody
		_ = json.Unmarshal(e.Body, &body) // an altered body is reported above
		c.problem(e.Seq, "found at %s: %s", e.At.Format(time.RFC3339), body.Problem)
	}
	c.last = store.AuditHead{Seq: e.Seq, Hash: e.Hash}
	if _, wanted := c.hashes[e.Seq]; wanted {
		c.hashes[e.Seq] = e.Hash
	}
	if c.Entries++; c.Entries == 1 {
		c.First = e.At
	}
	c.Last = e.At
	return nil
}

func span(a, b int64) string {
	if a == b {
		return fmt.Sprintf("entry %d is", a)
	}
	return fmt.Sprintf("entries %d to %d are", a, b)
}

// reaches compares an entry with what is known of it from elsewhere.
func (c *check) reaches(m Mark, who string) {
	switch {
	case m.Seq == 0:
	case c.hashes[m.Seq] == nil:
		c.problem(m.Seq, "%s knows entry %d, and the record ends with %d: its end was cut off, or an older database was put in place", who, m.Seq, c.last.Seq)
	case !bytes.Equal(c.hashes[m.Seq], m.Hash):
		c.problem(m.Seq, "%s knows another entry %d: the record was written anew", who, m.Seq)
	}
}

type brokenBody struct {
	Problem string `json:"problem"`
}

// Reconcile compares the record with its anchor when a gateway starts, and notes in the
// record that they do not agree: the next entry would move the anchor, and with it what
// it knows.
func Reconcile(ctx context.Context, st store.Store, l *Log) error {
	anchor, err := st.AuditAnchor()
	if err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrDamaged) {
		return err
	}
	found := ""
	if err != nil {
		found = "the anchor beside the database was missing or altered"
	} else if anchor.Seq > 0 {
		found = fmt.Sprintf("the anchor knew entry %d with the hash %x, and the record did not have it: its end was cut off, or an older database was put in place", anchor.Seq, anchor.Hash)
		err := st.View(ctx, func(v store.Reader) error {
			return v.Audit(anchor.Seq, func(e store.AuditEntry) error {
				if e.Seq == anchor.Seq && bytes.Equal(e.Hash, anchor.Hash) {
					found = ""
				}
				return errEnough
			})
		})
		if err != nil && !errors.Is(err, errEnough) {
			return err
		}
	}
	if found == "" {
		return nil
	}
	return st.Update(ctx, func(tx store.Tx) error { return l.Append(tx, Event{Kind: Broken, Body: brokenBody{found}}) })
}

var errEnough = errors.New("enough")
