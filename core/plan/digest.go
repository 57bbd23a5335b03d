package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
)

// Digest is the SHA-256, in hex, of what the plan is made from and of every step: two
// plans with the same digest do the same. After the first call the steps must stay as
// they are.
func (p *Plan) Digest() string {
	if p.digest == "" {
		p.digest = digest(&p.Header, &p.Steps)
	}
	return p.digest
}

// ShortDigest is how a digest is shown to people; approve and show take it.
func ShortDigest(digest string) string { return digest[:min(len(digest), 12)] }

// digest hashes each step: texts behind their lengths, and what is as in the step before
// (all but whom it is about, mostly) only as that. What a table has twice is hashed
// alike, so the digest depends on what the steps say alone.
func digest(h *Header, s *Steps) string {
	sum := sha256.New()
	_ = json.NewEncoder(sum).Encode(h) // plain data into a hash: cannot fail
	const flushAt = 16 << 10
	buf := make([]byte, 0, flushAt+4<<10)
	var before []byte
	for i := range s.rows {
		r := &s.rows[i]
		if i > 0 && r.kind == s.rows[i-1].kind {
			buf = append(buf, 0)
		} else if now := s.t.kinds[r.kind].append(nil); bytes.Equal(now, before) {
			buf = append(buf, 0)
		} else {
			buf, before = append(append(buf, 1), now...), now
		}
		buf = appendWho(buf, s.t, r.who)
		var detail []byte
		if r.detail > 0 {
			detail = s.t.details.bytes(r.detail)
		}
		buf = append(binary.AppendUvarint(buf, uint64(len(detail))), detail...)
		if len(buf) >= flushAt {
			sum.Write(buf)
			buf = buf[:0]
		}
	}
	sum.Write(buf)
	return hex.EncodeToString(sum.Sum(nil))
}

// append writes what a kind says: the gateway's own numbers are none of it.
func (k *kind) append(b []byte) []byte {
	b = append(b, byte(k.class), byte(k.undo))
	if k.hasGroup {
		b = appendRef(append(b, 1), &k.group)
	} else {
		b = append(b, 0)
	}
	return appendText(appendText(b, k.reason), k.rule)
}

func appendWho(b []byte, t *tables, n uint32) []byte {
	var x subject
	if n > 0 {
		x = t.who[n-1]
	}
	b = appendText(b, x.person)
	if !x.hasUser {
		return append(b, 0)
	}
	return appendRef(append(b, 1), &x.user)
}

func appendRef(b []byte, r *Ref) []byte {
	return appendText(appendText(appendText(b, r.ID), r.Name), r.Note)
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}
