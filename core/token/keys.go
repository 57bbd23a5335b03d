package token

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

// Keys are the public keys of an issuer: a JSON Web Key Set in a file, which is read
// again when it changes, or at an address, which is asked again when its answer has
// aged or a token names a key that is not there. It is safe for concurrent use.
type Keys struct {
	place  string
	now    func() time.Time
	client *http.Client

	asking sync.Mutex // one question at a time

	mu    sync.RWMutex
	keys  map[string]jwk
	at    time.Time // of the last success
	tried time.Time
	stamp string
}

const (
	keysFresh   = time.Hour        // so long an answer is taken as it is
	keysLast    = 24 * time.Hour   // so long it is taken while no other can be had
	keysPause   = time.Minute      // between two questions
	keysWait    = 10 * time.Second // for an answer
	longestKeys = 1 << 20
	mostKeys    = 100
	leastRSA    = 2048
)

var errNoKey = errors.New("it is signed with a key that the issuer does not show")

// NewKeys prepares the keys of a file, or of an https address; http is for loopback.
// Nothing is read yet.
func NewKeys(place string, now func() time.Time) *Keys {
	return &Keys{place: place, now: now, client: &http.Client{Timeout: keysWait, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if r.URL.Scheme != "https" || len(via) > 3 {
			return errors.New("it leads elsewhere")
		}
		return nil
	}}}
}

// Remote reports whether the place of keys is an address.
func Remote(place string) bool {
	u, err := url.Parse(place)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http")
}

// key is the key that a token says it is signed with.
func (k *Keys) key(ctx context.Context, id, alg string) (any, error) {
	found, ok := k.lookup(id)
	switch aged := k.aged(); {
	case ok && aged && Remote(k.place): // nobody waits for an answer while there is one
		go k.refreshAlone(context.WithoutCancel(ctx))
	case !ok || aged:
		k.asking.Lock()
		k.refresh(ctx)
		k.asking.Unlock()
		found, ok = k.lookup(id)
	}
	if !ok || found.Alg != "" && found.Alg != alg {
		return nil, errNoKey
	}
	return found.public, nil
}

func (k *Keys) lookup(id string) (jwk, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	found, ok := k.keys[id]
	return found, ok && (k.now().Sub(k.at) < keysLast || !Remote(k.place))
}

// aged reports whether the keys should be looked at again.
func (k *Keys) aged() bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if Remote(k.place) {
		return k.now().Sub(k.at) > keysFresh
	}
	return k.stamp != stampOf(k.place)
}

func stampOf(file string) string {
	info, err := os.Stat(file)
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.ModTime().UnixNano(), info.Size())
}

// refreshAlone refreshes unless somebody is about it.
func (k *Keys) refreshAlone(ctx context.Context) {
	if k.asking.TryLock() {
		defer k.asking.Unlock()
		k.refresh(ctx)
	}
}

// refresh reads the keys again, unless that was tried just now. What cannot be read
// leaves the keys as they are. Whoever calls it holds asking.
func (k *Keys) refresh(ctx context.Context) {
	now, stamp := k.now(), ""
	k.mu.RLock()
	tried, before := k.tried, k.stamp
	k.mu.RUnlock()
	if Remote(k.place) {
		if !tried.IsZero() && now.Sub(tried) < keysPause {
			return
		}
	} else if stamp = stampOf(k.place); stamp == before {
		return
	}
	text, err := k.read(ctx)
	var keys map[string]jwk
	if err == nil {
		keys, err = parseKeys(text)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tried, k.stamp = now, stamp
	if err == nil {
		k.keys, k.at = keys, now
	}
}

func (k *Keys) read(ctx context.Context) ([]byte, error) {
	if !Remote(k.place) {
		f, err := os.Open(k.place)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return io.ReadAll(io.LimitReader(f, longestKeys))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.place, nil)
	if err != nil {
		return nil, err
	}
	resp, err := k.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the keys were answered with %s", resp.Status)
	}
	return io.ReadAll(io.LimitReader(resp.Body, longestKeys))
}

// jwk is one key of a set (RFC 7517).
type jwk struct {
	Kty string `json:"kty"`
	Kid string `json:"kid"`
	Use string `json:"use"`
	Alg string `json:"alg"`
	N   string `json:"n"`
	E   string `json:"e"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Y   string `json:"y"`

	public any
}

// parseKeys reads a key set. Keys of other sorts are passed over.
func parseKeys(text []byte) (map[string]jwk, error) {
	var set struct {
		Keys []jwk `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("not a key set: %w", err)
	}
	out := map[string]jwk{}
	for _, x := range set.Keys[:min(len(set.Keys), mostKeys)] {
		if x.Use != "" && x.Use != "sig" {
			continue
		}
		switch x.Kty {
		case "RSA":
			x.public = x.rsa()
		case "EC":
			x.public = x.ec()
		}
		if x.public != nil {
			out[x.Kid] = x
		}
	}
	if len(out) == 0 {
		return nil, errors.New("a key set without a key that can be used")
	}
	return out, nil
}

// rsa is the key, nil when it is none or too short.
func (x *jwk) rsa() any {
	n, e := number(x.N), number(x.E)
	if n == nil || n.BitLen() < leastRSA || n.BitLen() > 16<<10 || e == nil || !e.IsInt64() || e.Int64() < 3 || e.Int64() > 1<<31-1 {
		return nil
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}
}

var curves = map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}

// ec is the key, nil when it is none.
func (x *jwk) ec() any {
	curve := curves[x.Crv]
	a, err1 := decode(x.X)
	b, err2 := decode(x.Y)
	if curve == nil || err1 != nil || err2 != nil {
		return nil
	}
	size := (curve.Params().BitSize + 7) / 8
	if len(a) > size || len(b) > size {
		return nil
	}
	point := make([]byte, 1+2*size)
	point[0] = 4 // uncompressed
	copy(point[1+size-len(a):], a)
	copy(point[1+2*size-len(b):], b)
	key, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return nil
	}
	return key
}

func number(text string) *big.Int {
	b, err := decode(text)
	if err != nil || len(b) == 0 {
		return nil
	}
	return new(big.Int).SetBytes(b)
}

func decode(text string) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
}
