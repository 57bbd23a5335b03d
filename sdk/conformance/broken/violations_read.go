package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	pb "syncgateway/proto/gateway/plugin/v1"
)

// nobody is the end of a listing.
const nobody = `{"items":[]}`

// later reports whether a request is for a page after the first.
func later(r *http.Request) bool { return r.URL.Query().Get("cursor") != "" }

// lists reports whether a request is for a page of a listing.
func lists(r *http.Request) bool {
	q := r.URL.Query()
	return r.Method == http.MethodGet && q.Get("login") == "" && q.Get("mail") == "" &&
		(r.URL.Path == "/people" || r.URL.Path == "/teams" || strings.HasSuffix(r.URL.Path, "/members"))
}

// glossedOver takes what went wrong with a page for the end of the listing.
func glossedOver(wrong func(r *http.Request, resp *http.Response, took time.Duration) bool) *violation {
	return overHTTP(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		began := time.Now()
		resp, err := next.RoundTrip(r)
		if err == nil && lists(r) && wrong(r, resp, time.Since(began)) {
			return answering(resp, http.StatusOK, nobody), nil
		}
		return resp, err
	})
}

// edited changes the bodies of answers.
func edited(edit func(r *http.Request, body string) string) *violation {
	return overHTTP(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err != nil || resp.StatusCode != http.StatusOK {
			return resp, err
		}
		body, err := read(resp)
		if err != nil {
			return nil, err
		}
		return answering(resp, http.StatusOK, edit(r, body)), nil
	})
}

var nextField = regexp.MustCompile(`,?"next":"([^"]*)"`)

// dizzy does not notice that it goes round in a circle: its cursors all differ.
func dizzy() *violation {
	var n atomic.Int64
	plain := regexp.MustCompile(`~[0-9]+`)
	return overHTTP(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		out := r.Clone(r.Context())
		out.URL.RawQuery = plain.ReplaceAllString(strings.ReplaceAll(out.URL.RawQuery, "%7E", "~"), "")
		resp, err := next.RoundTrip(out)
		if err != nil || resp.StatusCode != http.StatusOK {
			return resp, err
		}
		body, err := read(resp)
		if err != nil {
			return nil, err
		}
		return answering(resp, http.StatusOK, nextField.ReplaceAllString(body, fmt.Sprintf(`,"next":"$1~%d"`, n.Add(1)))), nil
	})
}

// hasty makes a limited request again at once, and then as it should.
func hasty(next http.RoundTripper, r *http.Request) (*http.Response, error) {
	resp, err := next.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusTooManyRequests {
		if again, err := next.RoundTrip(r.Clone(r.Context())); err == nil {
			_ = again.Body.Close()
		}
	}
	return resp, err
}

// tally counts what is left of a read, so that its end agrees with it.
type tally struct{ sent uint64 }

func (t *tally) page(users []*pb.User, groups []*pb.Group) {
	t.sent += uint64(len(users) + len(groups))
}

func (t *tally) end(c *pb.Complete) {
	if c != nil {
		c.Count = t.sent
	}
}

// reads is the violation by which the messages of a read are bent, users and groups
// before they are sent; ends say how a Complete is.
func reads(bend func(m any)) *violation {
	return &violation{stream: func() *bent {
		t := &tally{}
		return &bent{sends: func(m any, send func(any) error) error {
			bend(m)
			switch r := m.(type) {
			case *pb.ReadUsersResponse:
				t.page(r.GetPage().GetUsers(), nil)
				t.end(r.GetComplete())
			case *pb.ReadGroupsResponse:
				t.page(nil, r.GetPage().GetGroups())
				t.end(r.GetComplete())
			case *pb.ReadStateResponse:
				t.page(r.GetPage().GetUsers(), r.GetPage().GetGroups())
				t.end(r.GetComplete())
			}
			return send(m)
		}}
	}}
}

// usersOf are the users in a message of a read.
func usersOf(m any) []*pb.User {
	switch r := m.(type) {
	case *pb.ReadUsersResponse:
		return r.GetPage().GetUsers()
	case *pb.ReadStateResponse:
		return r.GetPage().GetUsers()
	}
	return nil
}

// completeOf is the end of a read.
func completeOf(m any) *pb.Complete {
	switch r := m.(type) {
	case *pb.ReadUsersResponse:
		return r.GetComplete()
	case *pb.ReadGroupsResponse:
		return r.GetComplete()
	case *pb.ReadStateResponse:
		return r.GetComplete()
	}
	return nil
}

// overcounted says that there was one more.
func overcounted() *bent {
	return &bent{sends: func(m any, send func(any) error) error {
		if c := completeOf(m); c != nil {
			c.Count++
		}
		return send(m)
	}}
}

// silent does not say that it waits.
func silent() *bent {
	return &bent{sends: func(m any, send func(any) error) error {
		switch r := m.(type) {
		case *pb.ReadUsersResponse:
			if r.GetWaiting() != nil {
				return nil
			}
		case *pb.ReadGroupsResponse:
			if r.GetWaiting() != nil {
				return nil
			}
		case *pb.ReadStateResponse:
			if r.GetWaiting() != nil {
				return nil
			}
		}
		return send(m)
	}}
}

// generous sends pages as large as it likes.
func generous() *bent {
	return &bent{received: func(m any) {
		switch q := m.(type) {
		case *pb.ReadUsersRequest:
			q.PageSize = 0
		case *pb.ReadGroupsRequest:
			q.PageSize = 0
		case *pb.ReadStateRequest:
			q.PageSize = 0
		}
	}}
}

// distracted loses somebody when it reads twice at once. It takes its time over large
// reads, so that two meet.
func distracted() *violation {
	var running, met atomic.Int64
	return &violation{stream: func() *bent {
		sent, reading := 0, false
		return &bent{
			ended: func() {
				if reading {
					running.Add(-1)
				}
			},
			sends: func(m any, send func(any) error) error {
				if sent += len(usersOf(m)); sent > 0 && !reading {
					reading = true
					if running.Add(1) > 1 {
						met.Add(1)
					}
				}
				if c := completeOf(m); c == nil {
					return send(m)
				}
				for waited := 0; sent > 2*smallest && waited < 30 && met.Load() == 0; waited++ {
					time.Sleep(20 * time.Millisecond)
				}
				if met.Swap(0) > 0 {
					return nil // and so it never ends
				}
				return send(m)
			},
		}
	}}
}

// smallest is from how many users on a read is large, halved.
const smallest = 100

// ofReads are the violations of the reads of a role.
func ofReads(role string) map[string]*violation {
	return map[string]*violation{
		role + ".pages": edited(func(r *http.Request, body string) string {
			if !later(r) && !nextField.MatchString(body) && strings.Count(body, `"id":`) == smallest {
				return body[:strings.LastIndex(body, `,{"id":`)] + "]}" // the last of a page that is just full
			}
			return body
		}),
		role + ".ids":         shifting(),
		role + ".ending":      {stream: overcounted},
		role + ".page-limits": {stream: generous},
		role + ".two-reads":   distracted(),
		role + ".failure": glossedOver(func(_ *http.Request, resp *http.Response, _ time.Duration) bool {
			return resp.StatusCode == 403 || resp.StatusCode == 500
		}),
		role + ".cut-body": glossedOver(func(_ *http.Request, resp *http.Response, _ time.Duration) bool {
			_, err := read(resp)
			return err != nil
		}),
		role + ".slow":            glossedOver(func(_ *http.Request, _ *http.Response, took time.Duration) bool { return took > 2*time.Second }),
		role + ".repeated-cursor": dizzy(),
		role + ".empty-page": edited(func(_ *http.Request, body string) string {
			if strings.Contains(body, `"items":[]`) && nextField.MatchString(body) {
				return nobody
			}
			return body
		}),
		role + ".duplicate-page": repeating(),
		role + ".unknown-fields": edited(func(_ *http.Request, body string) string {
			if strings.Contains(body, "kitUnknown") {
				return `{"items":7}`
			}
			return body
		}),
		role + ".rate-limit": overHTTP(hasty),
		role + ".waiting":    {stream: silent},
	}
}

// shifting gives one of the cast another id at every read.
func shifting() *violation {
	var n atomic.Int64
	return reads(func(m any) {
		for _, u := range usersOf(m) {
			if u.GetId() == "regular" {
				u.Id += fmt.Sprint("-", n.Add(1))
			}
		}
	})
}

var idField = regexp.MustCompile(`"id":"[^"]*"`)

// repeating sends a page twice that came twice: the same records under two cursors.
func repeating() *violation {
	var mu sync.Mutex
	type page struct{ cursor, items string }
	last := map[string]page{} // by path
	var twice atomic.Bool
	v := edited(func(r *http.Request, body string) string {
		cursor := r.URL.Query().Get("cursor")
		items := strings.Join(idField.FindAllString(body, -1), " ")
		mu.Lock()
		defer mu.Unlock()
		if before := last[r.URL.Path]; later(r) && before.items == items && items != "" && before.cursor != cursor {
			twice.Store(true)
		}
		last[r.URL.Path] = page{cursor, items}
		return body
	})
	v.stream = func() *bent {
		return &bent{sends: func(m any, send func(any) error) error {
			if records(m) > 0 && twice.Swap(false) {
				if err := send(m); err != nil {
					return err
				}
			}
			return send(m)
		}}
	}
	return v
}

// records is how many users and groups are in a message of a read.
func records(m any) int {
	n := len(usersOf(m))
	switch r := m.(type) {
	case *pb.ReadGroupsResponse:
		n += len(r.GetPage().GetGroups())
	case *pb.ReadStateResponse:
		n += len(r.GetPage().GetGroups())
	}
	return n
}
