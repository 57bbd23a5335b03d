package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// numbers lists 0 to 9, three at a time, by a Link header or a cursor in the body.
func numbers(t *testing.T, links bool) (*httptest.Server, *int) {
	t.Helper()
	writes := new(int)
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			*writes++
			fmt.Fprint(w, `{}`)
			return
		}
		from, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
		items := []any{}
		for n := from; n < min(from+3, 10); n++ {
			items = append(items, map[string]any{"n": n})
		}
		next := ""
		if from+3 < 10 {
			next = strconv.Itoa(from + 3)
		}
		if !links {
			_ = json.NewEncoder(w).Encode(map[string]any{"data": items, "links": map[string]any{"next": next}})
			return
		}
		if next != "" {
			w.Header().Set("Link", fmt.Sprintf(`<%s/list?cursor=%s>; rel="next"`, s.URL, next))
		}
		_ = json.NewEncoder(w).Encode(items)
	}))
	t.Cleanup(s.Close)
	return s, writes
}

func front(t *testing.T, base string, p Paging, ca *Authority) *Front {
	t.Helper()
	f, err := Start(map[string]string{"main": base}, p, ca)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// list follows a listing for at most so many pages and returns the numbers in it.
func list(t *testing.T, f *Front, base string, links bool, most int) (got []string) {
	t.Helper()
	address := f.URL("main", base) + "/list"
	for range most {
		resp, err := http.Get(address)
		if err != nil {
			return append(got, "error")
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			return append(got, "cut")
		}
		a := &answer{status: resp.StatusCode, header: resp.Header, body: body}
		p := f.paging
		items, ok := a.items(p)
		if !ok {
			return append(got, resp.Status)
		}
		for _, x := range items {
			got = append(got, fmt.Sprint(x.(map[string]any)["n"]))
		}
		next := a.next(p)
		if next == "" {
			return got
		}
		if address = f.URL("main", base) + "/list?cursor=" + next; links {
			address = next
		}
	}
	return append(got, "endless")
}

func TestListingFaults(t *testing.T) {
	for _, links := range []bool{true, false} {
		s, _ := numbers(t, links)
		p := Paging{}
		if !links {
			p = Paging{Items: "data", Next: "links.next"}
		}
		f := front(t, s.URL, p, nil)
		for _, test := range []struct {
			fault *Fault
			want  string
			fired int
		}{
			{nil, "0 1 2 3 4 5 6 7 8 9", 0},
			{&Fault{Kind: EmptyPage, Times: 1}, "0 1 2 3 4 5 6 7 8 9", 1},
			{&Fault{Kind: DuplicatePage, Times: 1}, "0 1 2 0 1 2 3 4 5 6 7 8 9", 1},
			{&Fault{Kind: RepeatCursor}, "0 1 2 3 4 5 3 4 5 3 4 5 endless", 3},
			{&Fault{Kind: UnknownFields}, "0 1 2 3 4 5 6 7 8 9", 4},
			{&Fault{Kind: Status, Status: 500, AfterPage: true}, "0 1 2 500 Internal Server Error", 1},
			{&Fault{Kind: Cut, AfterPage: true, Times: 1}, "0 1 2 cut", 1},
			{&Fault{Kind: Slow, Delay: time.Millisecond, Times: 1}, "0 1 2 3 4 5 6 7 8 9", 1},
			{&Fault{Kind: Say, Body: `7`}, "200 OK", 1},
		} {
			name, most := "none", 99
			if test.fault != nil {
				f.Inject(test.fault)
				if name = string(test.fault.Kind); test.fault.Kind == RepeatCursor {
					most = 4
				}
			}
			if got := strings.Join(list(t, f, s.URL, links, most), " "); got != test.want {
				t.Errorf("%s, links %v: %s, want %s", name, links, got, test.want)
			}
			if test.fault != nil && test.fault.Fired() != test.fired {
				t.Errorf("%s, links %v: fired %d times, want %d", name, links, test.fault.Fired(), test.fired)
			}
			f.Clear()
		}
	}
}

func TestRetryAfter(t *testing.T) {
	s, _ := numbers(t, false)
	f := front(t, s.URL, Paging{Items: "data", Next: "links.next"}, nil)
	limit := &Fault{Kind: Status, Status: 429, RetryAfter: time.Minute, Times: 1}
	f.Inject(limit)
	for range 2 {
		resp, err := http.Get(f.URL("main", s.URL) + "/list")
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode == 429 && resp.Header.Get("Retry-After") != "60" {
			t.Error(resp.Header)
		}
	}
	if early := limit.Early(); len(early) != 1 || early[0] != "GET /list" {
		t.Errorf("%q", early)
	}
}

func TestLostEffect(t *testing.T) {
	s, writes := numbers(t, false)
	f := front(t, s.URL, Paging{Items: "data"}, nil)
	fault := &Fault{Kind: LoseEffect, Dump: func() string { return fmt.Sprint(*writes) }}
	f.Inject(fault)
	if resp, err := http.Post(f.URL("main", s.URL)+"/x", "text/plain", strings.NewReader("a")); err == nil {
		t.Errorf("answered with %d", resp.StatusCode)
	}
	if *writes != 1 || fault.Fired() != 1 {
		t.Errorf("%d writes, fired %d times", *writes, fault.Fired())
	}
	resp, err := http.Post(f.URL("main", s.URL)+"/x", "text/plain", strings.NewReader("a"))
	if err != nil || resp.StatusCode != 200 || *writes != 2 {
		t.Error(err, *writes)
	}
}

func TestEchoRepeatsTheCredential(t *testing.T) {
	s, _ := numbers(t, false)
	f := front(t, s.URL, Paging{}, nil)
	f.Inject(&Fault{Kind: Echo, Status: 400})
	req, _ := http.NewRequest(http.MethodGet, f.URL("main", s.URL)+"/x", nil)
	req.Header.Set("Authorization", "Bearer s3cret")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 400 || !json.Valid(body) || !strings.Contains(string(body), "s3cret") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

func TestFacesOverTLS(t *testing.T) {
	ca, err := NewAuthority(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, _ := numbers(t, true)
	f := front(t, s.URL, Paging{}, ca)
	pem, err := os.ReadFile(ca.File)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	resp, err := client.Get(f.URL("main", s.URL) + "/list")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if link := resp.Header.Get("Link"); !strings.Contains(link, f.URL("main", s.URL)) || !strings.Contains(link, "https://") {
		t.Errorf("a link leads past the proxy: %s", link)
	}
}
