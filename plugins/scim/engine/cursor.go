package engine

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// cursor is what a cursor of RFC 9865 holds. Nothing is kept here for it: it says where
// the walk stands, and is signed, so that it is good only for the query and the
// connection it was made for. Positions stay valid whatever is added or deleted.
type cursor struct {
	Place   place `json:"p"`
	Expires int64 `json:"e"`
	Count   int   `json:"c"`
}

// sealCursor makes the cursor of the page behind a hit.
func (c *call) sealCursor(last *hit) string {
	data, _ := json.Marshal(cursor{place{last.scope.number, last.entry.Position, last.key}, c.engine.Now().Add(c.engine.CursorTimeout).Unix(), c.query.count}) // plain values
	return base64.RawURLEncoding.EncodeToString(append(c.sign(data), data...))
}

// openCursor reads the cursor of the query; an empty one begins at the beginning.
func (c *call) openCursor() (*place, error) {
	if c.query.cursor == "" {
		return nil, nil
	}
	refused := bad(invalidCursor, "The cursor is not one of this query. Begin again with an empty cursor.")
	data, err := base64.RawURLEncoding.DecodeString(c.query.cursor)
	if err != nil || len(data) < sha256.Size {
		return nil, refused
	}
	sum, data := data[:sha256.Size], data[sha256.Size:]
	var x cursor
	if !hmac.Equal(sum, c.sign(data)) || json.Unmarshal(data, &x) != nil {
		return nil, refused
	}
	if c.engine.Now().After(time.Unix(x.Expires, 0)) {
		return nil, bad(expiredCursor, "The cursor has expired. Begin again with an empty cursor.")
	}
	if x.Count != c.query.count {
		return nil, bad(invalidCount, "With a cursor count must be as it was in the first request.")
	}
	return &x.Place, nil
}

// sign binds a cursor to the connection, the endpoint and the query.
func (c *call) sign(data []byte) []byte {
	h := hmac.New(sha256.New, c.engine.cursorKey[:])
	order := "ascending"
	if c.query.descending {
		order = "descending"
	}
	endpoint := ""
	if len(c.path) > 0 {
		endpoint = strings.TrimSuffix(strings.Join(c.path, "/"), "/.search")
	}
	for _, part := range []string{c.engine.BaseURL, endpoint, c.query.filter, c.query.sortBy, order,
		strings.Join(c.selection.attributes, ","), strings.Join(c.selection.excluded, ","), string(data)} {
		h.Write([]byte(itoa(len(part)) + ":" + part))
	}
	return h.Sum(nil)
}
