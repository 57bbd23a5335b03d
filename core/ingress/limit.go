package ingress

import (
	"container/list"
	"crypto/sha256"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

func tooLarge(limit int64) string {
	return fmt.Sprintf("a request may have up to %d bytes", limit)
}

// bucket is a token bucket.
type bucket struct {
	mu     sync.Mutex
	rate   float64
	burst  float64
	tokens float64
	at     time.Time
}

func newBucket(rate float64, burst int, now time.Time) *bucket {
	return &bucket{rate: rate, burst: float64(burst), tokens: float64(burst), at: now}
}

// take takes one token, or says how long there is none.
func (b *bucket) take(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d := now.Sub(b.at); d > 0 {
		b.tokens, b.at = min(b.burst, b.tokens+d.Seconds()*b.rate), now
	}
	if b.tokens >= 1 {
		b.tokens--
		return 0
	}
	return time.Duration((1 - b.tokens) / b.rate * float64(time.Second))
}

// failures counts credentials that were refused, by address. A credential that was
// accepted before passes even from an address that guesses: a valid token is never
// locked out by others.
type failures struct {
	most int
	now  func() time.Time

	mu        sync.Mutex
	addresses *recent[string, *bucket]
	good      *recent[[32]byte, struct{}]
}

// addressesKept bounds the memory that many addresses can take.
const addressesKept = 4096

func newFailures(most, known int, now func() time.Time) *failures {
	return &failures{most: most, now: now, addresses: newRecent[string, *bucket](addressesKept), good: newRecent[[32]byte, struct{}](known)}
}

// blocked says how long the address has to wait; 0 when it has not.
func (f *failures) blocked(address, authorization string) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, ok := f.addresses.get(address)
	if !ok {
		return 0
	}
	if _, good := f.good.get(sha256.Sum256([]byte(authorization))); good {
		return 0
	}
	return b.left(f.now())
}

// failed takes note of a refusal.
func (f *failures) failed(address, authorization string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, ok := f.addresses.get(address)
	if !ok {
		b = newBucket(float64(f.most)/60, f.most, f.now())
		f.addresses.put(address, b)
	}
	b.take(f.now())
	if authorization != "" { // it was good once, and is not any more
		f.good.remove(sha256.Sum256([]byte(authorization)))
	}
}

// accepted takes note of a credential that works.
func (f *failures) accepted(authorization string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.good.put(sha256.Sum256([]byte(authorization)), struct{}{})
}

// left is how long the bucket has no token, without taking one.
func (b *bucket) left(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	tokens := min(b.burst, b.tokens+max(now.Sub(b.at), 0).Seconds()*b.rate)
	if tokens >= 1 {
		return 0
	}
	return time.Duration((1 - tokens) / b.rate * float64(time.Second))
}

// recent is a map of the most recently used keys.
type recent[K comparable, V any] struct {
	most  int
	order *list.List // of *pair, newest first
	index map[K]*list.Element
}

type pair[K comparable, V any] struct {
	key   K
	value V
}

func newRecent[K comparable, V any](most int) *recent[K, V] {
	return &recent[K, V]{most: most, order: list.New(), index: map[K]*list.Element{}}
}

func (r *recent[K, V]) get(key K) (V, bool) {
	if e, ok := r.index[key]; ok {
		r.order.MoveToFront(e)
		return e.Value.(*pair[K, V]).value, true
	}
	var none V
	return none, false
}

func (r *recent[K, V]) put(key K, value V) {
	if e, ok := r.index[key]; ok {
		e.Value.(*pair[K, V]).value = value
		r.order.MoveToFront(e)
		return
	}
	r.index[key] = r.order.PushFront(&pair[K, V]{key, value})
	if r.order.Len() > r.most {
		last := r.order.Back()
		r.order.Remove(last)
		delete(r.index, last.Value.(*pair[K, V]).key)
	}
}

func (r *recent[K, V]) remove(key K) {
	if e, ok := r.index[key]; ok {
		r.order.Remove(e)
		delete(r.index, key)
	}
}

// remoteAddress is the client's, without its port.
func remoteAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
