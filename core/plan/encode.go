package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
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

// sealed is a plan's steps, encoded once.
type sealed struct {
	digest string
	steps  []byte // a JSON line each
}

// seal encodes the steps. What is sealed must not change any more; warnings may.
func (p *Plan) seal() *sealed {
	if p.sealed == nil {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		for i := range p.Steps {
			_ = enc.Encode(&p.Steps[i]) // plain data into a buffer: cannot fail
		}
		p.sealed = &sealed{digest: digest(p.Header, b.Bytes()), steps: b.Bytes()}
	}
	return p.sealed
}

func digest(h Header, steps []byte) string {
	sum := sha256.New()
	_ = json.NewEncoder(sum).Encode(h) // plain data into a hash: cannot fail
	sum.Write(steps)
	return hex.EncodeToString(sum.Sum(nil))
}

// Digest is the SHA-256, in hex, of what the plan is made from and of every step: two
// plans with the same digest do the same. After the first call the steps must stay as
// they are.
func (p *Plan) Digest() string { return p.seal().digest }

// ShortDigest is how a digest is shown to people; approve and show take it.
func ShortDigest(digest string) string { return digest[:min(len(digest), 12)] }

// Bytes is the plan as JSON lines: a header, then a step a line. Equal plans give equal
// bytes.
func (p *Plan) Bytes() []byte {
	x := p.seal()
	var b bytes.Buffer
	head := fileHeader{Format: format, Digest: x.digest, Header: p.Header, Steps: len(p.Steps), Warnings: p.Warnings}
	_ = json.NewEncoder(&b).Encode(head) // plain data into a buffer: cannot fail
	b.Write(x.steps)
	return b.Bytes()
}

// Errors of Decode.
var (
	// ErrNotPlan: the file is something else, or of a version this gateway does not read.
	ErrNotPlan = errors.New("not a plan file of this gateway")
	// ErrAltered: the steps are not those the digest was made of.
	ErrAltered = errors.New("the plan was altered after it was made: its digest does not match its steps")
)

// Decode reads what Bytes gave and checks its digest. The interned ids of the steps
// are zero: whoever applies it finds the records again.
func Decode(b []byte) (*Plan, error) {
	first, rest, _ := bytes.Cut(b, []byte("\n"))
	var head fileHeader
	if err := json.Unmarshal(first, &head); err != nil || head.Format != format {
		return nil, ErrNotPlan
	}
	if digest(head.Header, rest) != head.Digest {
		return nil, ErrAltered
	}
	p := &Plan{Header: head.Header, Warnings: head.Warnings, Steps: make([]Step, 0, bytes.Count(rest, []byte("\n")))}
	dec := json.NewDecoder(bytes.NewReader(rest))
	for dec.More() {
		var s Step
		if err := dec.Decode(&s); err != nil {
			return nil, fmt.Errorf("step %d of the plan: %w", len(p.Steps)+1, err)
		}
		p.Steps = append(p.Steps, s)
	}
	if len(p.Steps) != head.Steps {
		return nil, ErrAltered
	}
	p.sealed = &sealed{digest: head.Digest, steps: rest}
	return p, nil
}
