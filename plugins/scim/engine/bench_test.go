package engine

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"syncgateway/plugins/scim/engine/memdir"
)

// crowd is an engine over a directory in memory with so many users, and two groups: one
// of five members and one of 1,500.
func crowd(b *testing.B, users int) *Engine {
	b.Helper()
	n := 0
	e, err := New(memdir.New(time.Now), Options{BaseURL: "https://x.example/in/i", Token: testToken, NewID: func() string { n++; return fmt.Sprint("id", n) }})
	if err != nil {
		b.Fatal(err)
	}
	for i := range users {
		post(b, e, "/v2/Users", userBody(i))
	}
	for _, size := range []int{5, 1500} {
		var members []string
		for i := range size {
			members = append(members, fmt.Sprintf(`{"value":"id%d"}`, i+1))
		}
		post(b, e, "/v2/Groups", fmt.Sprintf(`{"displayName":"group %d","members":[%s]}`, size, strings.Join(members, ",")))
	}
	return e
}

func userBody(i int) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"person%06d@example.org","externalId":"00u%06d",
	 "name":{"givenName":"Person","familyName":"Number %06d"},"displayName":"Person Number %06d","title":"Engineer","active":true,
	 "emails":[{"value":"person%06d@example.org","type":"work","primary":true}],"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"R&D","employeeNumber":"%06d"}}`, i, i, i, i, i, i)
}

func post(b *testing.B, e *Engine, path, body string) {
	b.Helper()
	if a := sendTo(e, "POST", path, body); a.Code != 201 {
		b.Fatal(a.Body)
	}
}

// BenchmarkEngine measures requests without network and without a disk: what the engine
// itself costs. The directory in memory is part of it.
func BenchmarkEngine(b *testing.B) {
	e := crowd(b, 10000)
	run := func(name string, want int, f func(i int) *httptest.ResponseRecorder) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if a := f(i); a.Code != want {
					b.Fatal(a.Code, a.Body)
				}
			}
		})
	}
	run("get by userName", 200, func(i int) *httptest.ResponseRecorder {
		return sendTo(e, "GET", fmt.Sprintf(`/v2/Users?filter=userName+eq+%%22person%06d@example.org%%22&startIndex=1&count=100`, i%10000), "")
	})
	run("get by id", 200, func(i int) *httptest.ResponseRecorder {
		return sendTo(e, "GET", fmt.Sprint("/v2/Users/id", i%10000+1), "")
	})
	created := 10000
	run("create", 201, func(int) *httptest.ResponseRecorder {
		created++
		return sendTo(e, "POST", "/v2/Users", userBody(created))
	})
	run("patch user", 200, func(i int) *httptest.ResponseRecorder {
		return sendTo(e, "PATCH", fmt.Sprint("/v2/Users/id", i%10000+1), ops(fmt.Sprintf(`{"op":"replace","path":"title","value":"t%d"}`, i)))
	})
	for group, name := range map[string]string{"id10001": "add member to 5", "id10002": "add member to 1500"} {
		run(name, 204, func(i int) *httptest.ResponseRecorder {
			op := `{"op":"add","path":"members","value":[{"value":"id9000"}]}`
			if i%2 == 1 {
				op = `{"op":"remove","path":"members[value eq \"id9000\"]"}`
			}
			return sendTo(e, "PATCH", "/v2/Groups/"+group, ops(op))
		})
	}
	if testing.Short() {
		return
	}
	run("filter without index", 200, func(int) *httptest.ResponseRecorder {
		return sendTo(e, "GET", "/v2/Users?count=10&filter=title+eq+%22nobody%22", "")
	})
}
