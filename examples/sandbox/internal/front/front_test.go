package front

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"syncgateway/examples/sandbox/fault"
	"syncgateway/examples/sandbox/reqlog"
)

func TestTooManyAtATime(t *testing.T) {
	entered, leave := make(chan bool), make(chan bool)
	f := &Front{
		Server: "x", Log: reqlog.New(nil), Faults: &fault.Set{}, Now: time.Now, MaxInFlight: 1,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { entered <- true; <-leave }),
		Busy:    func(w http.ResponseWriter) { w.WriteHeader(http.StatusTooManyRequests) },
	}
	server := httptest.NewServer(f)
	defer server.Close()
	first := make(chan int)
	go func() {
		resp, err := http.Get(server.URL)
		if err != nil {
			t.Error(err)
			first <- 0
			return
		}
		resp.Body.Close()
		first <- resp.StatusCode
	}()
	<-entered
	resp, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	close(leave)
	if got := <-first; got != http.StatusOK || resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("first %d, second %d", got, resp.StatusCode)
	}
	if entries := f.Log.Entries(reqlog.Filter{}); len(entries) != 2 {
		t.Errorf("%d entries, want 2", len(entries))
	}
}

// TestLoggedBeforeAnswered: a client that has its answer must find its request in the log.
func TestLoggedBeforeAnswered(t *testing.T) {
	f := &Front{
		Server: "x", Log: reqlog.New(nil), Faults: &fault.Set{}, Now: time.Now,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			reqlog.FromContext(r.Context()).Add(reqlog.Effect{Op: reqlog.GroupCreate, GroupName: "g"})
			io.Copy(w, r.Body)
		}),
	}
	server := httptest.NewServer(f)
	defer server.Close()
	for i := range int64(20) {
		resp, err := http.Post(server.URL+"/a?b=c", "text/plain", strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		echo, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(echo) != "hello" {
			t.Fatalf("the handler reads %q, %v", echo, err)
		}
		if last := f.Log.Last(); last != i+1 {
			t.Fatalf("%d entries after %d answers", last, i+1)
		}
	}
	e := f.Log.Entries(reqlog.Filter{Op: reqlog.GroupCreate})[0]
	if e.Body != "hello" || e.Query != "b=c" || e.Path != "/a" || e.Status != http.StatusOK || !e.IsWrite() {
		t.Errorf("entry %+v", e)
	}
}

func TestFormsLoseTheirCredentials(t *testing.T) {
	got := loggable("application/x-www-form-urlencoded; charset=utf-8", []byte("a=b&client_assertion=secret&password=secret"))
	if strings.Contains(got, "secret") || !strings.Contains(got, "a=b") {
		t.Errorf("logged %q", got)
	}
	if got := loggable("application/json", make([]byte, reqlog.MaxBody+1)); len(got) != reqlog.MaxBody {
		t.Errorf("%d bytes are kept", len(got))
	}
}
