package plan

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// format is the first value of a plan file, so that a file of another kind or version
// is refused with a sentence.
const format = "syncgateway-plan/1"

type fileHeader struct {
	Format string `json:"format"`
	Digest string `json:"digest"`
	Header
	Steps    int      `json:"steps"`
	Warnings []string `json:"warnings,omitempty"`
}

// Digest is the SHA-256, in hex, of what the plan is made from and of every step: two
// plans with the same digest do the same.
func (p *Plan) Digest() string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	// Encoding these types to a hash cannot fail.
	_ = enc.Encode(p.Header)
	for i := range p.Steps {
		_ = enc.Encode(&p.Steps[i])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// ShortDigest is how a digest is shown to people; approve and show take it.
func ShortDigest(digest string) string { return digest[:min(len(digest), 12)] }

// Encode writes the plan as JSON lines: a header, then a step a line. Equal plans give
// equal bytes.
func (p *Plan) Encode(w io.Writer) error {
	b := bufio.NewWriter(w)
	enc := json.NewEncoder(b)
	head := fileHeader{Format: format, Digest: p.Digest(), Header: p.Header, Steps: len(p.Steps), Warnings: p.Warnings}
	if err := enc.Encode(head); err != nil {
		return err
	}
	for i := range p.Steps {
		if err := enc.Encode(&p.Steps[i]); err != nil {
			return err
		}
	}
	return b.Flush()
}

// Bytes is what Encode writes.
func (p *Plan) Bytes() []byte {
	var b bytes.Buffer
	_ = p.Encode(&b) // a Buffer takes everything
	return b.Bytes()
}

// Errors of Decode.
var (
	// ErrNotPlan: the file is something else, or of a version this gateway does not read.
	ErrNotPlan = errors.New("not a plan file of this gateway")
	// ErrAltered: the steps are not those the digest was made of.
	ErrAltered = errors.New("the plan was altered after it was made: its digest does not match its steps")
)

// Decode reads what Encode wrote and checks its digest. The interned ids of the steps
// are zero: whoever applies it finds the records again.
func Decode(r io.Reader) (*Plan, error) {
	dec := json.NewDecoder(bufio.NewReader(r))
	var head fileHeader
	if err := dec.Decode(&head); err != nil || head.Format != format {
		return nil, ErrNotPlan
	}
	p := &Plan{Header: head.Header, Warnings: head.Warnings}
	for i := 0; ; i++ {
		var s Step
		err := dec.Decode(&s)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("step %d of the plan: %w", i+1, err)
		}
		p.Steps = append(p.Steps, s)
	}
	if p.Digest() != head.Digest || len(p.Steps) != head.Steps {
		return nil, ErrAltered
	}
	return p, nil
}
