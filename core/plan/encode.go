package plan

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
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
	Impacts  []Impact `json:"impacts,omitempty"`
	Packed   bool     `json:"packed,omitempty"` // what follows is compressed (RFC 1951)
}

// sealed is a plan's steps, encoded once: a JSON line each, compressed, because a plan
// of a million steps says much the same a million times.
type sealed struct {
	digest string
	steps  []byte
}

// seal encodes the steps. What is sealed must not change any more; warnings may.
func (p *Plan) seal() *sealed {
	if p.sealed == nil {
		var b bytes.Buffer
		sum := newDigest(p.Header)
		z, _ := flate.NewWriter(&b, flate.BestSpeed) // the level is right
		enc := json.NewEncoder(io.MultiWriter(sum, z))
		for i := range p.Steps {
			_ = enc.Encode(&p.Steps[i]) // plain data into memory: cannot fail
		}
		_ = z.Close()
		p.sealed = &sealed{digest: hex.EncodeToString(sum.Sum(nil)), steps: b.Bytes()}
	}
	return p.sealed
}

// newDigest is a hash that has the header already, and takes the steps.
func newDigest(h Header) hash.Hash {
	sum := sha256.New()
	_ = json.NewEncoder(sum).Encode(h) // plain data into a hash: cannot fail
	return sum
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
	b := p.head(false)
	_, _ = io.Copy(b, flate.NewReader(bytes.NewReader(p.seal().steps))) // seal wrote it
	return b.Bytes()
}

// Packed is what Bytes is, with the steps compressed: for storing and sending.
func (p *Plan) Packed() []byte {
	b := p.head(true)
	b.Write(p.seal().steps)
	return b.Bytes()
}

func (p *Plan) head(packed bool) *bytes.Buffer {
	var b bytes.Buffer
	_ = json.NewEncoder(&b).Encode(fileHeader{Format: format, Digest: p.Digest(), Header: p.Header, Steps: len(p.Steps),
		Warnings: p.Warnings, Impacts: p.Impacts, Packed: packed}) // plain data into a buffer: cannot fail
	return &b
}

// Errors of Decode.
var (
	// ErrNotPlan: the file is something else, or of a version this gateway does not read.
	ErrNotPlan = errors.New("not a plan file of this gateway")
	// ErrAltered: the steps are not those the digest was made of.
	ErrAltered = errors.New("the plan was altered after it was made: its digest does not match its steps")
)

// Decode reads what Bytes or Packed gave and checks its digest. The interned ids of
// the steps are zero: whoever applies it finds the records again.
func Decode(b []byte) (*Plan, error) {
	first, rest, _ := bytes.Cut(b, []byte("\n"))
	var head fileHeader
	if err := json.Unmarshal(first, &head); err != nil || head.Format != format {
		return nil, ErrNotPlan
	}
	lines := io.Reader(bytes.NewReader(rest))
	if head.Packed {
		lines = flate.NewReader(lines)
	}
	p := &Plan{Header: head.Header, Warnings: head.Warnings, Impacts: head.Impacts}
	sum := newDigest(head.Header)
	if err := p.decodeSteps(io.TeeReader(lines, sum)); err != nil {
		return nil, err
	}
	if len(p.Steps) != head.Steps || hex.EncodeToString(sum.Sum(nil)) != head.Digest {
		return nil, ErrAltered
	}
	return p, nil
}

func (p *Plan) decodeSteps(lines io.Reader) error {
	dec := json.NewDecoder(lines)
	for {
		var s Step
		err := dec.Decode(&s)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w (step %d: %v)", ErrAltered, len(p.Steps)+1, err)
		}
		p.Steps = append(p.Steps, s)
	}
}
