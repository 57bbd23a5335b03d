package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestExplore(t *testing.T) {
	sb := startSandbox(t, "-people", "250", "-groups", "20")
	g := onSandbox(t, sb)
	g.config(strings.Replace(companyConfig, "rate_share = 1", "rate_share = 1\n  member_page = 20", 1))
	st := time.Now()
	g.must(g.run("apply"), 0)
	t.Log("first", time.Since(st))
	st = time.Now()
	t.Log(g.run("apply", "-full", "-everyone").out)
	t.Log("again", time.Since(st))
	w := sb.world()
	t.Log(w.differences())
	for _, path := range []string{"/api/v1/users", "/api/v1/groups", "/api/v1/groups/*/users"} {
		for _, kind := range []string{"html", "truncated_json", "cut_body", "huge_page", "repeat_cursor", "duplicate_page", "empty_page", "drop_page", "half", "empty_list", "status500", "status503", "status429", "clock_skew", "lost_role", "lost_scope"} {
			f := map[string]any{"kind": kind, "server": "okta", "path": path}
			if s, ok := strings.CutPrefix(kind, "status"); ok {
				f["kind"], f["status"], f["count"] = "status", map[string]int{"500": 500, "503": 503, "429": 429}[s], 3
			}
			if kind == "clock_skew" {
				f["skew_seconds"] = 7200
			}
			sb.fault(f)
			from := sb.last()
			st := time.Now()
			r := g.run("apply", "-full", "-everyone")
			fmt.Printf("=== okta %s %s (%v) %s\n", path, kind, time.Since(st).Round(time.Millisecond), r)
			for _, e := range sb.log(from) {
				fmt.Println("EFFECTS", e.Effects)
			}
			sb.fired()
			r = g.run("apply", "-full", "-everyone")
			w := sb.world()
			if r.code != 0 || len(w.differences()) > 0 {
				fmt.Println("  AFTER", r, w.differences())
			}
		}
	}
}
