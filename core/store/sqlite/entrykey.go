package sqlite

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"syncgateway/core/store"
)

// keySize is the size of an entry's key in the index: enough of a digest that nobody
// finds two values with one.
const keySize = 16

// appendKey adds the key of a value to a list of keys.
func appendKey(list []byte, ep store.EndpointID, kind store.EntryKind, attribute, value string) []byte {
	text := make([]byte, 0, 128)
	text = binary.AppendVarint(text, int64(ep))
	text = append(text, byte(kind))
	text = binary.AppendUvarint(text, uint64(len(attribute)))
	text = append(append(text, attribute...), value...)
	sum := sha256.Sum256(text)
	return append(list, sum[:keySize]...)
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
