package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// server is one of the two that are compared.
type server struct {
	base   string
	client *http.Client
	users  []string // ids
	names  []string // their names, in the same order
	groups []string // small ones
	large  string   // one with 1,500 members
	made   atomic.Int64
}

const bearer = "token-of-the-benchmark-0123456789"

func newServer(base string, connections int) *server {
	return &server{base: base, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}}}
}

// do sends one request and returns the body of the answer.
func (s *server) do(method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequest(method, s.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header["Authorization"] = []string{"Bearer " + bearer}
	req.Header["Content-Type"] = []string{"application/scim+json"}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %d %.300s", method, path, resp.StatusCode, data)
	}
	return data, err
}

func user(n int64) []byte {
	return fmt.Appendf(nil, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"user%d@bench.example","name":{"givenName":"Given%d","familyName":"Family%d"},`+
		`"emails":[{"primary":true,"value":"user%d@bench.example","type":"work"}],"displayName":"Given%d Family%d","locale":"en-US","externalId":"ext%d","active":true}`, n, n, n, n, n, n, n)
}

func (s *server) create(path string, body []byte) (id string, err error) {
	data, err := s.do("POST", path, body)
	if err != nil {
		return "", err
	}
	var made struct{ ID string }
	return made.ID, json.Unmarshal(data, &made)
}

// fill makes the users and groups that the loads are about, many at a time.
func (s *server) fill(users int) error {
	s.users, s.names = make([]string, users), make([]string, users)
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, 64)
	for lane := range errs {
		wg.Go(func() {
			for {
				n := next.Add(1) - 1
				if n >= int64(users) {
					return
				}
				if s.users[n], errs[lane] = s.create("/Users", user(n)); errs[lane] != nil {
					return
				}
				s.names[n] = fmt.Sprintf("user%d@bench.example", n)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	s.made.Store(int64(users))
	for n := range 100 {
		id, err := s.create("/Groups", fmt.Appendf(nil, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"group %d"}`, n))
		if err != nil {
			return err
		}
		s.groups = append(s.groups, id)
	}
	return s.fillLarge()
}

func (s *server) fillLarge() (err error) {
	if s.large, err = s.create("/Groups", []byte(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"large"}`)); err != nil {
		return err
	}
	for part := range slices.Chunk(pending(1500), 500) {
		if _, err := s.do("PATCH", "/Groups/"+s.large, addMembers(part...)); err != nil {
			return err
		}
	}
	return nil
}

// pending are ids of people who are not there: a group may have them.
func pending(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("not-yet-%d", i)
	}
	return ids
}

func addMembers(ids ...string) []byte {
	type value struct {
		Value string `json:"value"`
	}
	values := make([]value, len(ids))
	for i, id := range ids {
		values[i].Value = id
	}
	data, _ := json.Marshal(map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, // of strings
		"Operations": []any{map[string]any{"op": "add", "path": "members", "value": values}}})
	return data
}

// load is one sort of request; n counts them.
type load struct {
	name string
	send func(s *server, n int64) error
}

var loads = []load{
	{"GET by id", func(s *server, n int64) error {
		_, err := s.do("GET", "/Users/"+s.users[scatter(n, len(s.users))], nil)
		return err
	}},
	{"GET userName eq", func(s *server, n int64) error {
		_, err := s.do("GET", "/Users?filter="+url.QueryEscape(`userName eq "`+s.names[scatter(n, len(s.names))]+`"`), nil)
		return err
	}},
	{"create", func(s *server, _ int64) error {
		_, err := s.do("POST", "/Users", user(s.made.Add(1)))
		return err
	}},
	{"add a member", func(s *server, n int64) error {
		_, err := s.do("PATCH", "/Groups/"+s.groups[n%int64(len(s.groups))], addMembers(s.users[scatter(n, len(s.users))]))
		return err
	}},
	{"add to 1,500", func(s *server, n int64) error {
		_, err := s.do("PATCH", "/Groups/"+s.large, addMembers(s.users[scatter(n, len(s.users))]))
		return err
	}},
}

// scatter spreads consecutive numbers over the whole range.
func scatter(n int64, size int) int64 { return n * 7919 % int64(size) }

// result is how one load went.
type result struct {
	perSecond float64
	p50, p99  time.Duration
	count     int64
}

// run keeps the connections busy for a while.
func run(s *server, l load, connections int, length time.Duration) (result, error) {
	var n atomic.Int64
	var wg sync.WaitGroup
	took := make([][]time.Duration, connections)
	errs := make([]error, connections)
	began := time.Now()
	for i := range connections {
		wg.Go(func() {
			for time.Since(began) < length {
				start := time.Now()
				if errs[i] = l.send(s, n.Add(1)); errs[i] != nil {
					return
				}
				took[i] = append(took[i], time.Since(start))
			}
		})
	}
	wg.Wait()
	elapsed := time.Since(began)
	for _, err := range errs {
		if err != nil {
			return result{}, fmt.Errorf("%s: %w", l.name, err)
		}
	}
	all := slices.Concat(took...)
	slices.Sort(all)
	return result{perSecond: float64(len(all)) / elapsed.Seconds(), p50: all[len(all)/2], p99: all[len(all)*99/100], count: int64(len(all))}, nil
}
