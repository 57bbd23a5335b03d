package plan

import (
	"bufio"
	"bytes"
	"compress/flate"
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
	Impacts  []Impact `json:"impacts,omitempty"`
	Packed   bool     `json:"packed,omitempty"` // what follows is packed and compressed (RFC 1951)
}

// Write writes the plan as JSON lines, a step at a time: a header, then a step a line.
// Equal plans are written alike. The error is the writer's.
func (p *Plan) Write(to io.Writer) error {
	w := bufio.NewWriter(to)
	enc := json.NewEncoder(w)
	if err := enc.Encode(p.head(false)); err != nil {
		return err
	}
	for s := range p.Steps.All() {
		if err := enc.Encode(s); err != nil {
			return err
		}
	}
	return w.Flush()
}

// Seal computes the digest and packs the steps, which must stay as they are from then
// on; what is for the reader alone may change. Digest and Packed do the same when they
// are asked for first.
func (p *Plan) Seal() {
	p.Digest()
	p.packedSteps()
}

// Packed is the plan for storing and sending: the header as Write writes it, then the
// steps packed and compressed.
func (p *Plan) Packed() []byte {
	var b bytes.Buffer
	_ = json.NewEncoder(&b).Encode(p.head(true)) // plain data into memory: cannot fail
	b.Write(p.packedSteps())
	return b.Bytes()
}

func (p *Plan) packedSteps() []byte {
	if p.packed == nil {
		var b bytes.Buffer
		z, _ := flate.NewWriter(&b, flate.BestSpeed) // the level is right
		_ = p.Steps.writePacked(z)                   // into memory: cannot fail
		_ = z.Close()
		p.packed = b.Bytes()
	}
	return p.packed
}

func (p *Plan) head(packed bool) *fileHeader {
	return &fileHeader{Format: format, Digest: p.Digest(), Header: p.Header, Steps: p.Steps.Len(), Warnings: p.Warnings, Impacts: p.Impacts, Packed: packed}
}

// Errors of Read.
var (
	// ErrNotPlan: the file is something else, or of a version this gateway does not read.
	ErrNotPlan = errors.New("not a plan file of this gateway")
	// ErrAltered: the steps are not those the digest was made of.
	ErrAltered = errors.New("the plan was altered after it was made: its digest does not match its steps")
)

// Decode is Read of bytes.
func Decode(b []byte) (*Plan, error) { return Read(bytes.NewReader(b)) }

// mostHeader bounds the first line of a plan file.
const mostHeader = 16 << 20

// Read reads what Write wrote or Packed gave, and checks its digest. The interned ids of the
// steps are zero: whoever applies it finds the records again. An error is ErrNotPlan of
// the first line, and ErrAltered, with what is wrong, of everything behind it.
func Read(from io.Reader) (*Plan, error) {
	r := bufio.NewReader(from)
	head, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	p := &Plan{Header: head.Header, Warnings: head.Warnings, Impacts: head.Impacts}
	if head.Packed {
		p.Steps, err = readPacked(flate.NewReader(r))
	} else {
		p.Steps, err = readLines(r)
	}
	if err != nil {
		return nil, fmt.Errorf("%w (step %d: %v)", ErrAltered, p.Steps.Len()+1, err)
	}
	if p.Steps.Len() != head.Steps || p.Digest() != head.Digest {
		return nil, ErrAltered
	}
	return p, nil
}

func readHeader(r *bufio.Reader) (*fileHeader, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if err == nil {
			break
		}
		if err != bufio.ErrBufferFull || len(line) > mostHeader {
			return nil, ErrNotPlan
		}
	}
	var head fileHeader
	if err := json.Unmarshal(line, &head); err != nil || head.Format != format {
		return nil, ErrNotPlan
	}
	return &head, nil
}

// readLines reads JSON lines. A person's steps are not next to each other there, so
// people are found by what they are; and every group is another one in memory.
func readLines(r io.Reader) (s Steps, err error) {
	s.t = newTables()
	s.t.byWho, s.t.byRef = map[subject]uint32{}, nil
	defer func() { s.t.byWho = nil }()
	dec := json.NewDecoder(r)
	for {
		var st Step
		switch err := dec.Decode(&st); {
		case err == io.EOF:
			return s, nil
		case err != nil:
			return s, err
		case st.Class == 0:
			return s, errPacked
		}
		s.Add(&st)
	}
}
