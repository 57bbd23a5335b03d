// Package engine is a SCIM server without a network: an http.Handler that speaks SCIM
// 2.0 (RFC 7643, 7644, 9865) and 1.1 over a Directory that somebody else keeps. It holds
// no state but the directory's, of which it remembers what it showed last (package kept).
// How it treats what the standards leave open, and what identity providers do in spite of
// them, is written in docs/scim.md.
package engine

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"net/url"
	"strings"
	"sync"
	"time"

	"syncgateway/plugins/scim/engine/kept"
	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/sdk/record"
)

// Directory keeps the resources. What Call returns without an error is committed;
// refusals are *record.Failure. Whatever it returns, nothing of the call happens later, or
// no later call succeeds. Nobody else writes to it while an Engine serves.
type Directory interface {
	Call(context.Context, record.DirectoryCall) (record.DirectoryReply, error)
}

// Options say how an Engine serves. Zero values mean the defaults.
type Options struct {
	BaseURL             string             // what clients know the root by: "https://gw.example/in/idp"
	Token               string             // the bearer token; empty: the host vouches for every caller
	DuplicateGroupNames bool               // two groups may have one displayName
	UserExtensions      []schema.Extension // beside the enterprise extension
	GroupExtensions     []schema.Extension
	MaxBody             int64 // bytes of a request; 1 MiB
	MaxBulkBody         int64 // bytes of a bulk request; 4 MiB
	MaxBulkOperations   int   // 1000
	MaxResults          int   // of one page; 1000
	PageSize            int   // of a page when the client does not say; 100
	CursorTimeout       time.Duration
	KeptBytes           int64 // of users that are remembered as they were shown; 256 MiB
	Now                 func() time.Time
	NewID               func() string
}

// Engine is the handler. New makes one.
type Engine struct {
	Options
	directory *watched
	path      string // of BaseURL
	types     []*schema.ResourceType
	token     [sha256.Size]byte
	cursorKey [sha256.Size]byte
	writers   [256]sync.Mutex // by id: who changes one resource waits here, not in conflicts
}

// New makes an engine over the directory.
func New(d Directory, o Options) (*Engine, error) {
	base, err := url.Parse(strings.TrimRight(o.BaseURL, "/"))
	if err != nil || base.Host == "" && o.BaseURL != "" {
		return nil, fmt.Errorf("the public address %q is not an absolute URL", o.BaseURL)
	}
	o.BaseURL = base.String()
	defaulted(&o.MaxBody, 1<<20)
	defaulted(&o.MaxBulkBody, 4<<20)
	defaulted(&o.MaxBulkOperations, 1000)
	defaulted(&o.MaxResults, 1000)
	defaulted(&o.PageSize, min(100, o.MaxResults))
	defaulted(&o.CursorTimeout, time.Hour)
	defaulted(&o.KeptBytes, 256<<20)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = newID
	}
	types := schema.Types(!o.DuplicateGroupNames, nil, nil)
	for i, list := range [][]schema.Extension{o.UserExtensions, o.GroupExtensions} {
		for _, x := range list {
			if err := schema.CheckExtension(x.Schema, types); err != nil {
				return nil, err
			}
			types[i].Extensions = append(types[i].Extensions, x)
		}
	}
	e := &Engine{Options: o, directory: &watched{d, kept.New(o.KeptBytes)}, path: base.Path, types: types}
	e.secrets()
	return e, nil
}

// secrets derives what cursors are signed with from the token, so that cursors outlive a
// restart. Without a token they do not.
func (e *Engine) secrets() {
	e.token = sha256.Sum256([]byte(e.Token))
	seed := e.Token
	if seed == "" {
		seed = rand.Text()
	}
	e.cursorKey = sha256.Sum256([]byte("scim cursor " + seed))
}

func defaulted[T int | int64 | time.Duration](v *T, to T) {
	if *v == 0 {
		*v = to
	}
}

// newID makes a UUID that begins with the time (version 7 of RFC 9562): what is made
// together lies together in the directory's index.
func newID() string {
	var b [24]byte
	_, _ = rand.Read(b[8:]) // never fails
	binary.BigEndian.PutUint64(b[2:], uint64(time.Now().UnixMilli())<<16|uint64(binary.BigEndian.Uint16(b[8:])))
	id := b[2:18]
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// typeAt finds the type of an endpoint's first path segment.
func (e *Engine) typeAt(segment string) *schema.ResourceType {
	for _, t := range e.types {
		if t.Endpoint[1:] == segment {
			return t
		}
	}
	return nil
}

func (e *Engine) group() *schema.ResourceType { return e.types[1] }

// writing waits until nobody else in this process changes the resource.
func (e *Engine) writing(id string) (done func()) {
	h := fnv.New32a()
	h.Write([]byte(id))
	m := &e.writers[h.Sum32()%uint32(len(e.writers))]
	m.Lock()
	return m.Unlock
}
