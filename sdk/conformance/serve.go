package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
)

// ServeHarness makes a process of a harness, for ProcessHarness and "gateway plugins
// test" to start: it opens one fake, says on standard output where its control API is,
// and returns when standard input closes.
//
//	func main() {
//		if err := conformance.ServeHarness(context.Background(), harness); err != nil {
//			log.Fatal(err)
//		}
//	}
func ServeHarness(ctx context.Context, h Harness) error {
	return serveHarness(ctx, h, os.Stdin, os.Stdout)
}

func serveHarness(ctx context.Context, h Harness, in io.Reader, out io.Writer) (err error) {
	remote, err := h.Open(ctx)
	if err != nil {
		return fmt.Errorf("open the fake: %w", err)
	}
	defer func() {
		if closing := remote.Close(); err == nil {
			err = closing
		}
	}()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: control(remote)}
	defer server.Close()
	go func() { _ = server.Serve(l) }()
	hello := greeting{Protocol: harnessProtocol, Control: "http://" + l.Addr().String(), Abilities: abilities(remote), About: remote.About()}
	if err := json.NewEncoder(out).Encode(hello); err != nil {
		return fmt.Errorf("say where the harness is: %w", err)
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

func abilities(r Remote) []string {
	var out []string
	if _, ok := r.(Changer); ok {
		out = append(out, abilityChange)
	}
	if _, ok := r.(Expirer); ok {
		out = append(out, abilityExpire)
	}
	if _, ok := r.(Dumper); ok {
		out = append(out, abilityDump)
	}
	if _, ok := r.(Client); ok {
		out = append(out, abilityClient)
	}
	return out
}

// control is the control API of a fake.
func control(r Remote) http.Handler {
	m, mu := http.NewServeMux(), &sync.Mutex{}
	handle := func(pattern string, do func(*http.Request) (any, error)) {
		m.HandleFunc(pattern, func(w http.ResponseWriter, q *http.Request) {
			mu.Lock() // a Remote is used by one at a time
			defer mu.Unlock()
			answer, err := do(q)
			reply(w, answer, err)
		})
	}
	handle("POST /seed", func(q *http.Request) (any, error) {
		var c Company
		if err := json.NewDecoder(q.Body).Decode(&c); err != nil {
			return nil, err
		}
		ids, err := r.Seed(q.Context(), c)
		return map[string]any{"ids": ids}, err
	})
	handle("GET /state", func(q *http.Request) (any, error) { return r.State(q.Context()) })
	if x, ok := r.(Changer); ok {
		handle("POST /change", func(q *http.Request) (any, error) {
			var c Change
			if err := json.NewDecoder(q.Body).Decode(&c); err != nil {
				return nil, err
			}
			return struct{}{}, x.Change(q.Context(), c)
		})
	}
	if x, ok := r.(Expirer); ok {
		handle("POST /expire", func(q *http.Request) (any, error) { return struct{}{}, x.Expire(q.Context()) })
	}
	if x, ok := r.(Dumper); ok {
		handle("GET /dump", func(q *http.Request) (any, error) { return x.Dump(q.Context()) })
	}
	if x, ok := r.(Client); ok {
		handle("GET /requests", func(q *http.Request) (any, error) { return x.Requests(q.Context()) })
	}
	return m
}

func reply(w http.ResponseWriter, answer any, err error) {
	status := http.StatusOK
	if why, skip := asSkip(err); skip {
		status, answer = http.StatusConflict, map[string]string{"skip": why}
	} else if err != nil {
		status, answer = http.StatusInternalServerError, map[string]string{"error": err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // the kit notices what does not arrive
}
