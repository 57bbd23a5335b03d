package plan

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// A packed plan is a stream of entries. What steps point to comes before the first of
// them that does, and is numbered in the order it comes in:
//
//	1 person, user?, id, name, note                           somebody
//	2 class, undo, group?, id, name, note, reason, rule       what is done about many
//	3 kind, who, details                                      a step
//
// Numbers are of variable length, texts stand behind their lengths. kind and who are
// the differences to those of the step before; who 0 is nobody.
const (
	tagWho  = 1
	tagKind = 2
	tagStep = 3
)

var (
	errDetail = errors.New("details that are not well formed")
	errPacked = errors.New("an entry that is not well formed")
)

// writePacked writes the steps. It needs room for the tables' numbers alone.
func (s *Steps) writePacked(to io.Writer) error {
	if s.Len() == 0 {
		return nil
	}
	w := &packer{t: s.t, w: bufio.NewWriterSize(to, 64<<10), who: make([]uint32, len(s.t.who)+1), kinds: make([]uint32, len(s.t.kinds))}
	for i := range s.rows {
		if err := w.step(&s.rows[i]); err != nil {
			return err
		}
	}
	return w.w.Flush()
}

// packer numbers what it has written, from 1.
type packer struct {
	t             *tables
	w             *bufio.Writer
	who, kinds    []uint32
	whoN, kindsN  uint32
	lastWho, last uint32 // of the step before
	buf           []byte
}

func (w *packer) step(r *row) error {
	w.buf = w.buf[:0]
	if r.who > 0 && w.who[r.who] == 0 {
		w.whoN++
		w.who[r.who] = w.whoN
		w.buf = appendWho(append(w.buf, tagWho), w.t, r.who)
	}
	if w.kinds[r.kind] == 0 {
		w.kindsN++
		w.kinds[r.kind] = w.kindsN
		w.buf = w.t.kinds[r.kind].append(append(w.buf, tagKind))
	}
	kind, who := w.kinds[r.kind], w.who[r.who]
	w.buf = binary.AppendVarint(append(w.buf, tagStep), int64(kind)-int64(w.last))
	w.buf = binary.AppendVarint(w.buf, int64(who)-int64(w.lastWho))
	w.last, w.lastWho = kind, who
	var detail []byte
	if r.detail > 0 {
		detail = w.t.details.bytes(r.detail)
	}
	w.buf = append(binary.AppendUvarint(w.buf, uint64(len(detail))), detail...)
	_, err := w.w.Write(w.buf)
	return err
}

// mostText bounds one text or the details of one step of a packed plan.
const mostText = 64 << 20

// readPacked reads what writePacked wrote.
func readPacked(from io.Reader) (s Steps, err error) {
	r := &unpacker{r: bufio.NewReaderSize(from, 64<<10)}
	s.t = newTables()
	for {
		tag, err := r.r.ReadByte()
		if err == io.EOF {
			return s, nil
		}
		if err != nil {
			return s, err
		}
		switch tag {
		case tagWho:
			x := subject{person: r.text(), hasUser: r.byte() == 1}
			if x.hasUser {
				x.user = r.ref()
			}
			s.t.who = append(s.t.who, x)
		case tagKind:
			k := r.kind()
			s.t.byKind[k] = uint32(len(s.t.kinds))
			s.t.kinds = append(s.t.kinds, k)
		case tagStep:
			s.rows = append(s.rows, r.step(s.t))
		default:
			return s, errPacked
		}
		if r.err != nil {
			return s, r.err
		}
	}
}

// unpacker reads until the first damage and stays damaged.
type unpacker struct {
	r     *bufio.Reader
	kindN int64 // of the step before
	who   int64
	err   error
}

func (r *unpacker) kind() kind {
	k := kind{class: Class(r.byte()), undo: reversal(r.byte()), hasGroup: r.byte() == 1}
	if k.hasGroup {
		k.group = r.ref()
	}
	k.reason, k.rule = r.text(), r.text()
	if k.class == 0 || int(k.class) >= len(classNames) || int(k.undo) >= len(reversalNames) {
		r.fail(errPacked)
	}
	return k
}

func (r *unpacker) step(t *tables) row {
	r.kindN += r.number()
	r.who += r.number()
	detail := r.bytes()
	if r.kindN < 1 || r.kindN > int64(len(t.kinds)) || r.who < 0 || r.who > int64(len(t.who)) {
		r.fail(errPacked)
	}
	if r.err != nil {
		return row{}
	}
	x := row{kind: uint32(r.kindN - 1), who: uint32(r.who)}
	if len(detail) > 0 {
		if err := decodeDetail(detail, &Step{}); err != nil {
			r.fail(err)
		}
		x.detail = t.details.put(detail)
	}
	return x
}

func (r *unpacker) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	if r.err == io.EOF {
		r.err = io.ErrUnexpectedEOF
	}
}

func (r *unpacker) byte() byte {
	b, err := r.r.ReadByte()
	if err != nil {
		r.fail(err)
	}
	return b
}

func (r *unpacker) number() int64 {
	n, err := binary.ReadVarint(r.r)
	if err != nil {
		r.fail(err)
	}
	return n
}

func (r *unpacker) size() uint64 {
	n, err := binary.ReadUvarint(r.r)
	if err != nil || n > 1<<31 {
		r.fail(errors.Join(errPacked, err))
		return 0
	}
	return n
}

// bytes does not ask for more memory than there are bytes, whatever the length says.
func (r *unpacker) bytes() []byte {
	n := r.size()
	if r.err != nil || n == 0 {
		return nil
	}
	if n > mostText {
		r.fail(errPacked)
		return nil
	}
	if n <= 64<<10 {
		b := make([]byte, n)
		if _, err := io.ReadFull(r.r, b); err != nil {
			r.fail(err)
		}
		return b
	}
	b, err := io.ReadAll(io.LimitReader(r.r, int64(n)))
	if err != nil || uint64(len(b)) < n {
		r.fail(errors.Join(io.ErrUnexpectedEOF, err))
	}
	return b
}

func (r *unpacker) text() string { return string(r.bytes()) }

func (r *unpacker) ref() Ref { return Ref{ID: r.text(), Name: r.text(), Note: r.text()} }
