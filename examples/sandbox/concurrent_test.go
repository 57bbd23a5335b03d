package sandbox_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/atlassian"
	"syncgateway/examples/sandbox/company"
	"syncgateway/examples/sandbox/reqlog"
)

// TestConcurrentUse reads and writes from all sides, and then counts again what the stand-ins have counted.
func TestConcurrentUse(t *testing.T) {
	sb := start(t, sandbox.Options{Seed: 1, People: 120, WithoutOAuth: true, Lag: time.Millisecond})
	c := newCaller(t, sb)
	ids := []string{c.accountID(company.Ada), c.accountID(company.Grace), c.accountID(company.Emil), c.accountID(company.Bao)}
	crew, users := "/groups/"+c.groupID("release-crew"), "/groups/"+c.groupID("jira-users-harbour")
	var all sync.WaitGroup
	for worker := range 6 {
		all.Go(func() {
			for i := range 30 {
				id := ids[(worker+i)%len(ids)]
				switch worker {
				case 0:
					c.dir("POST", crew+"/memberships", map[string]any{"accountId": id})
					c.dir("DELETE", users+"/memberships/"+id, nil)
				case 1:
					c.dir("DELETE", crew+"/memberships/"+id, nil)
					c.dir("POST", users+"/memberships", map[string]any{"accountId": id})
				case 2:
					c.dir("POST", "/users/"+id+"/suspend", nil)
					c.dir("POST", "/users/"+id+"/restore", nil)
				case 3:
					c.dir("POST", "/users/search", map[string]any{"expand": []string{"groups", "platformRoles"}})
					c.site("GET", "/group/member?groupId="+c.groupID("release-crew"), nil)
				case 4:
					status := []company.Status{company.Suspended, company.Active}[i%2]
					if err := sb.Okta.Apply(company.Mutation{Op: company.SetStatus, Person: company.Mary, Value: string(status)}); err != nil {
						t.Error(err)
					}
					c.okta("/users?limit=50")
				case 5:
					if err := sb.Atlassian.Apply(atlassian.Hand{Op: "add-user", User: fmt.Sprintf("w%d@x.example", i)}); err != nil {
						t.Error(err)
					}
					sb.Log.Entries(reqlog.Filter{Effects: true})
				}
			}
		})
	}
	all.Wait()
	used := 0
	for _, u := range sb.Atlassian.Users() {
		if u.Status == "active" && slices.Contains(u.Groups, "jira-users-harbour") {
			used++
		}
	}
	if got := sb.Atlassian.Licences()[0].Used; got != used {
		t.Errorf("%d seats are counted, %d used", got, used)
	}
	// Replaying the log must give the members that there are.
	members := map[string]bool{company.Ada: true, "lena@freelance.example": true}
	for _, e := range sb.Log.Effects(reqlog.Filter{}) {
		if e.GroupName == "release-crew" {
			if was := members[e.Email]; was == (e.Op == reqlog.MemberAdd) {
				t.Fatalf("effect %v when membership is %v", e, was)
			}
			members[e.Email] = e.Op == reqlog.MemberAdd
		}
	}
	for email, in := range members {
		if got := slices.Contains(sb.Atlassian.Members("release-crew"), email); got != in {
			t.Errorf("%s is a member: %v, by the log: %v", email, got, in)
		}
	}
}

// TestBigCompanyIsListedWhole is a guard against work that grows with the square of the company.
func TestBigCompanyIsListedWhole(t *testing.T) {
	if testing.Short() {
		t.Skip("a company of 10,000")
	}
	sb := start(t, sandbox.Options{Seed: 1, People: 10_000, Groups: 400, Memberships: 10, WithoutOAuth: true})
	c := newCaller(t, sb)
	users, _ := c.oktaAll("/users?limit=200")
	gone, _ := c.oktaAll("/users?search=status+eq+%22DEPROVISIONED%22")
	if len(users)+len(gone) != 10_000 {
		t.Errorf("%d users", len(users)+len(gone))
	}
	memberships := 0
	groups, _ := c.oktaAll("/groups?limit=200")
	for _, g := range groups {
		for next := "/groups/" + g["id"].(string) + "/users?limit=1000"; next != ""; {
			page := c.okta(next).want(http.StatusOK)
			memberships += bytes.Count(page.raw, []byte(`"id":"00u`))
			next = page.next()
		}
	}
	if memberships < 100_000 {
		t.Errorf("%d memberships", memberships)
	}
	accounts, _ := c.searchAll("/users/search", map[string]any{"limit": 100, "expand": []string{"groups"}})
	if len(accounts) < 1500 {
		t.Errorf("%d accounts", len(accounts))
	}
	c.okta("/groups/none/users").want(http.StatusNotFound)
}
