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
//	1 person, user?, id, name, note    somebody
//	2 id, name, note                   a group
//	3 reason, rule                     why
//	4 class, undo, who, group, why, details
//
// Numbers are of variable length, texts stand behind their lengths. who is the
// difference to that of the step before, 0 for none is 0.
const (
	tagWho   = 1
	tagGroup = 2
	tagWhy   = 3
	tagStep  = 4
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
	w := &packer{t: s.t, w: bufio.NewWriterSize(to, 64<<10), who: make([]uint32, len(s.t.who)+1), groups: make([]uint32, len(s.t.groups)+1),
		whys: make([]uint32, len(s.t.whys)+1)}
	for i := range s.rows {
		if err := w.step(&s.rows[i]); err != nil {
			return err
		}
	}
	return w.w.Flush()
}

// packer numbers what it has written: 0 is not yet.
type packer struct {
	t                    *tables
	w                    *bufio.Writer
	who, groups, whys    []uint32
	whoN, groupsN, whysN uint32
	last                 uint32 // who the step before was about
	buf                  []byte
}

func (w *packer) step(r *row) error {
	w.buf = w.buf[:0]
	if r.who > 0 && w.who[r.who] == 0 {
		w.whoN++
		w.who[r.who] = w.whoN
		w.buf = appendWho(append(w.buf, tagWho), w.t, r.who)
	}
	if r.group > 0 && w.groups[r.group] == 0 {
		w.groupsN++
		w.groups[r.group] = w.groupsN
		w.buf = appendRef(append(w.buf, tagGroup), &w.t.groups[r.group-1].ref)
	}
	if w.whys[r.why] == 0 {
		w.whysN++
		w.whys[r.why] = w.whysN
		x := &w.t.whys[r.why-1]
		w.buf = appendText(appendText(append(w.buf, tagWhy), x.reason), x.rule)
	}
	who := w.who[r.who]
	w.buf = append(w.buf, tagStep, byte(r.class), byte(r.undo))
	w.buf = binary.AppendVarint(w.buf, int64(who)-int64(w.last))
	w.buf = binary.AppendUvarint(w.buf, uint64(w.groups[r.group]))
	w.buf = binary.AppendUvarint(w.buf, uint64(w.whys[r.why]))
	w.last = who
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
	var last int64
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
		case tagGroup:
			x := groupEntry{ref: r.ref()}
			s.t.groups = append(s.t.groups, x)
			s.t.byGroup[x] = uint32(len(s.t.groups))
		case tagWhy:
			x := why{reason: r.text(), rule: r.text()}
			s.t.whys = append(s.t.whys, x)
			s.t.byWhy[x] = uint32(len(s.t.whys))
		case tagStep:
			row := row{class: Class(r.byte()), undo: reversal(r.byte())}
			last += r.number()
			row.who, row.group, row.why = uint32(last), uint32(r.size()), uint32(r.size())
			if last < 0 || last > int64(len(s.t.who)) || int(row.group) > len(s.t.groups) || int(row.why) > len(s.t.whys) || row.why == 0 ||
				row.class == 0 || int(row.class) >= len(classNames) || int(row.undo) >= len(reversalNames) {
				return s, errPacked
			}
			if detail := r.bytes(); len(detail) > 0 {
				if err := decodeDetail(detail, &Step{}); err != nil {
					return s, err
				}
				row.detail = s.t.details.put(detail)
			}
			s.rows = append(s.rows, row)
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
	r   *bufio.Reader
	err error
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
