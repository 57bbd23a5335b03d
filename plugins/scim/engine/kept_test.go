package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"syncgateway/plugins/scim/engine/memdir"
	"syncgateway/sdk/record"
)

// What was shown is shown again without asking the directory.
func TestShownAgain(t *testing.T) {
	c := newClient(t, Options{})
	made := c.do("POST", "/Users", `{"userName":"ada","displayName":"Ada"}`)
	id := made.json["id"].(string)
	before := c.dir.Calls()
	for range 3 {
		if got := c.do("GET", "/Users/"+id, nil); got.text != made.text {
			t.Errorf("shown again: %s, at first %s", got.text, made.text)
		}
		if found := c.do("GET", `/Users?filter=userName+eq+"ADA"`, nil); !strings.Contains(found.text, made.text) {
			t.Errorf("found: %s", found.text)
		}
	}
	if n := c.dir.Calls() - before; n != 0 {
		t.Errorf("the directory was asked %d times", n)
	}
	c.do("GET", "/Users/"+id+"?attributes=userName", nil)
	c.do("GET", `/Users?filter=userName+eq+"ada"&startIndex=2`, nil)
	if n := c.dir.Calls() - before; n != 2 {
		t.Errorf("what was not shown like that: the directory was asked %d times", n)
	}
}

// wayward is a directory whose answers take their time, and now and then get lost after
// the write.
type wayward struct {
	*memdir.Directory
	lost atomic.Int64
}

func (d *wayward) Call(ctx context.Context, one record.DirectoryCall) (record.DirectoryReply, error) {
	for range rand.IntN(4) {
		runtime.Gosched()
	}
	r, err := d.Directory.Call(ctx, one)
	for range rand.IntN(4) {
		runtime.Gosched()
	}
	if users, others := changes(nil, nil, &one); users != nil && rand.IntN(20) == 0 || others != nil && rand.IntN(50) == 0 {
		d.lost.Add(1)
		return record.DirectoryReply{}, record.Fail(record.ReasonUnavailable, "lost")
	}
	return r, err
}

// pushers change one directory from many goroutines, each its own users, all the same
// groups.
type pushers struct {
	t      *testing.T
	e      *Engine
	groups []string
}

// step makes one random change or look.
func (p *pushers) step(r *rand.Rand, users []string) {
	user, group, other := users[r.IntN(len(users))], p.groups[r.IntN(len(p.groups))], p.groups[r.IntN(len(p.groups))]
	send := func(method, path, body string) { sendTo(p.e, method, path, body) }
	switch r.IntN(9) {
	case 0:
		send("PATCH", "/v2/Groups/"+group, ops(fmt.Sprintf(`{"op":"replace","path":"displayName","value":"%s %d"}`, group, r.IntN(1000))))
	case 1: // groups in groups, circles among them
		send("PATCH", "/v2/Groups/"+group, ops(fmt.Sprintf(`{"op":"%s","path":"members","value":[{"value":%q}]}`, []string{"add", "remove"}[r.IntN(2)], other)))
	case 2:
		send("PUT", "/v2/Groups/"+group, fmt.Sprintf(`{"displayName":%q,"members":[%q,%q]}`, group, user, other))
	case 3:
		send("PATCH", "/v2/Groups/"+group, ops(fmt.Sprintf(`{"op":"remove","path":"members[value eq %s]"}`, strings.ReplaceAll(fmt.Sprintf("%q", user), `"`, `\"`))))
	case 4, 5:
		send("GET", "/v2/Users?filter="+url.QueryEscape(fmt.Sprintf("userName eq %q", user)), "")
	case 6:
		send("GET", "/v2/Users", "")
	default:
		p.ownWrites(r, user, group)
	}
}

// ownWrites changes a user that nobody else changes, and must be shown what it did.
func (p *pushers) ownWrites(r *rand.Rand, user, group string) {
	title := fmt.Sprint("title ", r.Uint64())
	if a := sendTo(p.e, "PATCH", "/v2/Users/"+user, ops(fmt.Sprintf(`{"op":"replace","path":"title","value":%q}`, title))); a.Code == 200 {
		if got := sendTo(p.e, "GET", "/v2/Users/"+user, "").Body.String(); !strings.Contains(got, title) {
			p.t.Errorf("changed to %s, shown %s", title, got)
		}
	}
	if a := sendTo(p.e, "PATCH", "/v2/Groups/"+group, ops(fmt.Sprintf(`{"op":"add","path":"members","value":[%q]}`, user))); a.Code == 204 {
		sendTo(p.e, "GET", "/v2/Users/"+user, "")
	}
}

// After every round of changes, what is shown is what an engine shows that remembers
// nothing.
func TestWhatIsKeptIsRight(t *testing.T) {
	d := &wayward{Directory: memdir.New(time.Now)}
	ids := atomic.Int64{}
	options := Options{BaseURL: "https://x.example/in/i", Token: testToken, NewID: func() string { return fmt.Sprint("id", ids.Add(1)) }, DuplicateGroupNames: true}
	e, err := New(d, options)
	if err != nil {
		t.Fatal(err)
	}
	options.KeptBytes = 1
	forgetful, err := New(d.Directory, options)
	if err != nil {
		t.Fatal(err)
	}
	p := &pushers{t: t, e: e}
	var users []string
	for i := range 40 {
		var made struct{ ID, UserName string }
		_ = json.Unmarshal(sendTo(forgetful, "POST", "/v2/Users", fmt.Sprintf(`{"userName":"id%d"}`, i+1)).Body.Bytes(), &made)
		users = append(users, made.ID)
	}
	for range 8 {
		var made struct{ ID string }
		_ = json.Unmarshal(sendTo(forgetful, "POST", "/v2/Groups", `{"displayName":"g"}`).Body.Bytes(), &made)
		p.groups = append(p.groups, made.ID)
	}
	rounds := 150
	if testing.Short() {
		rounds = 20
	}
	asked := d.Calls()
	for range rounds {
		var wg sync.WaitGroup
		for lane := range 8 {
			seed := rand.Uint64()
			wg.Go(func() {
				r := rand.New(rand.NewPCG(seed, 1))
				for range 15 {
					p.step(r, users[lane*5:lane*5+5])
				}
			})
		}
		wg.Wait()
		for _, id := range users {
			for _, path := range []string{"/v2/Users/" + id, "/v1/Users/" + id, `/v2/Users?filter=userName%20eq%20%22` + id + `%22`} {
				for range 2 {
					if got, want := sendTo(e, "GET", path, "").Body.String(), sendTo(forgetful, "GET", path, "").Body.String(); got != want {
						t.Fatalf("%s\nshown:  %s\nshould: %s", path, got, want)
					}
				}
			}
		}
	}
	if d.lost.Load() == 0 || d.Calls() == asked {
		t.Error("no answer was lost")
	}
}
