package sqlite

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"syncgateway/core/store"
)

// An entry's key in the index is two digests: of the value, long enough that nobody finds
// two with one, and of what it is a value of. The value comes first, since many a value is
// that of two attributes: the keys then lie together, and are written together.
const (
	valueSize = 16
	keySize   = valueSize + 8
)

// appendKey adds the key of a value to a list of keys.
func appendKey(list []byte, ep store.EndpointID, kind store.EntryKind, attribute, value string) []byte {
	of := binary.AppendVarint(make([]byte, 0, 64), int64(ep))
	of = append(append(of, byte(kind)), attribute...)
	what, where := sha256.Sum256([]byte(value)), sha256.Sum256(of)
	return append(append(list, what[:valueSize]...), where[:keySize-valueSize]...)
}

// keysOf are the keys that an entry has so far. One that is made now has none: nothing
// keeps keys that was deleted, or only named.
func (x *tx) keysOf(e *store.Entry) (keys []byte, err error) {
	if e.Seq != e.Position {
		_, err = x.one([]any{&keys}, `SELECT keys FROM entry WHERE n = ?`, e.N)
	}
	return keys, err
}

// moveKeys makes the index of an entry follow its keys.
func (x *tx) moveKeys(n store.ID, old, now []byte) error {
	for key := range slices.Chunk(old, keySize) {
		if !has(now, key) {
			if err := x.exec(`DELETE FROM entry_key WHERE key = ? AND n = ?`, key, n); err != nil {
				return err
			}
		}
	}
	var added [][]byte
	for key := range slices.Chunk(now, keySize) {
		if !has(old, key) {
			added = append(added, key)
		}
	}
	return x.insert(`INSERT INTO entry_key (key, n) VALUES `, ` ON CONFLICT DO NOTHING`, 2, len(added), func(i int, to []any) []any {
		return append(to, added[i], n)
	})
}

func has(list, key []byte) bool {
	for k := range slices.Chunk(list, keySize) {
		if bytes.Equal(k, key) {
			return true
		}
	}
	return false
}
