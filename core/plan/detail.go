package plan

import (
	"encoding/binary"
	"encoding/json"

	"syncgateway/core/identity"
)

// arena holds what only some steps have, each as bytes: those of an account, then JSON
// of the rest.
type arena struct {
	blocks [][]byte
	at     []place
}

type place struct{ block, offset, size uint32 }

// arenaBlock is how much is asked for at once. What is larger has a block of its own.
const arenaBlock = 1 << 20

// rest is what is not an account.
type rest struct {
	Changes []Change `json:"changes,omitempty"`
	Before  *Image   `json:"before,omitempty"`
}

// add keeps the details of a step and returns where: 0 when it has none.
func (a *arena) add(s *Step) uint32 {
	if s.Account == nil && len(s.Changes) == 0 && s.Before == nil {
		return 0
	}
	return a.put(encodeDetail(s))
}

func (a *arena) put(b []byte) uint32 {
	last := len(a.blocks) - 1
	if last < 0 || len(a.blocks[last])+len(b) > cap(a.blocks[last]) {
		a.blocks = append(a.blocks, make([]byte, 0, max(arenaBlock, len(b))))
		last++
	}
	block := a.blocks[last]
	a.at = append(a.at, place{uint32(last), uint32(len(block)), uint32(len(b))})
	a.blocks[last] = append(block, b...)
	return uint32(len(a.at))
}

func (a *arena) bytes(n uint32) []byte {
	p := a.at[n-1]
	return a.blocks[p.block][p.offset:][:p.size]
}

func (a *arena) get(n uint32, s *Step) {
	_ = decodeDetail(a.bytes(n), s) // add, or a checked file, wrote it
}

// encodeDetail writes the length of the account and its bytes, then JSON of the rest
// where there is any.
func encodeDetail(s *Step) []byte {
	var account []byte
	if s.Account != nil {
		account = identity.AppendUser(nil, s.Account)
	}
	b := append(binary.AppendUvarint(nil, uint64(len(account))), account...)
	if len(s.Changes) > 0 || s.Before != nil {
		more, _ := json.Marshal(rest{s.Changes, s.Before}) // plain data: cannot fail
		b = append(b, more...)
	}
	return b
}

func decodeDetail(b []byte, s *Step) error {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return errDetail
	}
	account, more := b[n:][:size], b[n:][size:]
	if len(account) > 0 {
		u, err := identity.DecodeUser(account)
		if err != nil {
			return err
		}
		s.Account = &u
	}
	if len(more) == 0 {
		return nil
	}
	var r rest
	if err := json.Unmarshal(more, &r); err != nil {
		return err
	}
	s.Changes, s.Before = r.Changes, r.Before
	return nil
}
