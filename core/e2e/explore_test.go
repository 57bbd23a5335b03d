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
	g.must(g.run("apply"), 0)
	g.run("apply", "-full", "-everyone")
	for _, x := range [][3]string{{"okta", "GET", "/api/v1/groups"}, {"okta", "GET", "/api/v1/groups/*/users"}, {"api", "POST", "/admin/v2/**/users/search"}, {"api", "POST", "/admin/v2/**/groups/search"}, {"api","GET","/admin/**/count"}, {"api", "", "/admin/**"}, {"site","",""}} {
		server, method, path := x[0], x[1], x[2]
		kinds :=[]string{"html", "truncated_json", "cut_body", "huge_page", "repeat_cursor", "duplicate_page", "empty_page", "drop_page", "half", "empty_list", "status500", "status503", "status429", "clock_skew", "lost_role", "lost_scope"}
		if server == "okta" { kinds = []string{"half"} }
		for _, kind := range kinds {
			f := map[string]any{"kind": kind, "server": server, "path": path, "method": method}
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
			fmt.Printf("=== %s %s %s (%v) %s\n", server, path, kind, time.Since(st).Round(time.Millisecond), r)
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
