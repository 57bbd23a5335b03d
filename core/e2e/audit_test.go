package e2e

import (
	"database/sql"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3"
)

// alter works on the gateway's database behind its back.
func (g *gateway) alter(queries ...string) {
	g.Helper()
	db, err := sql.Open("sqlite3", filepath.Join(g.dir, "data", "gateway.db"))
	if err != nil {
		g.Fatal(err)
	}
	defer db.Close()
	for _, q := range queries {
		if _, err := db.ExecContext(g.Context(), q); err != nil {
			g.Fatalf("%s: %v", q, err)
		}
	}
}

type auditLine struct {
	Seq  int             `json:"seq"`
	Kind string          `json:"kind"`
	Who  string          `json:"who"`
	Run  string          `json:"run"`
	Body json.RawMessage `json:"body"`
}

func (g *gateway) audited(args ...string) (lines []auditLine) {
	g.Helper()
	for line := range strings.Lines(g.must(g.run(append([]string{"audit", "export"}, args...)...), 0).out) {
		var l auditLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			g.Fatalf("%s: %v", line, err)
		}
		lines = append(lines, l)
	}
	return lines
}

// Who asked, what was planned, who released it, and what was done stand in the record;
// and whoever changes it afterwards is found out.
func TestAudit(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 60)
	g.edit("source.json", leavers(6))
	held := g.must(g.run("apply"), 4)
	d := digest.FindStringSubmatch(held.out)[1]
	g.must(g.run("approve", "-reason", "the branch closed", d), 0)
	g.must(g.run("apply"), 0, "6 applied")
	var kinds []string
	deactivated := 0
	for i, l := range g.audited() {
		kinds = append(kinds, l.Kind)
		if l.Seq != i+1 {
			t.Errorf("entry %d has number %d", i+1, l.Seq)
		}
		body := string(l.Body)
		switch l.Kind {
		case "approval":
			if !strings.Contains(body, d) || !strings.Contains(body, "the branch closed") || l.Who == "" {
				t.Errorf("approval: %+v %s", l, body)
			}
		case "released":
			if !strings.Contains(body, d) || l.Run == "" {
				t.Errorf("released: %+v %s", l, body)
			}
		case "operations":
			deactivated += strings.Count(body, `"class":"deactivate_user"`)
		}
	}
	if deactivated != 6 {
		t.Errorf("%d deactivations in the record", deactivated)
	}
	order := regexp.MustCompile(`config.*plan.*operations.*ended.*plan.*approval.*released.*operations.*ended`)
	if !order.MatchString(strings.Join(kinds, " ")) {
		t.Errorf("kinds: %v", kinds)
	}
	if n := len(g.audited("-since", "2999-01-01")); n != 0 {
		t.Errorf("%d entries from the future", n)
	}
	g.must(g.run("audit", "export", "-since", "yesterday"), 2, "-since")

	whole := g.must(g.run("audit", "verify"), 0, "is whole")
	mark := regexp.MustCompile(`\d+:[0-9a-f]{64}`).FindString(whole.out)
	g.must(g.run("audit", "verify", "-mark", mark), 0)
	g.must(g.run("audit", "verify", "-mark", mark[:len(mark)-8]+"00000000"), 1, "written anew")
	g.alter(`DROP TRIGGER audit_stays`, `DROP TRIGGER audit_is_final`)
	g.alter(`UPDATE audit SET who = 'somebody else' WHERE kind = 'approval'`)
	g.must(g.run("audit", "verify"), 1, "BROKEN", "was altered")
}

func TestAuditCutOff(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 12)
	g.must(g.run("audit", "verify"), 0)
	g.alter(`DROP TRIGGER audit_stays`, `DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)`)
	g.edit("source.json", leavers(2))
	g.must(g.run("apply"), 0, "2 applied") // the record goes on, and the hole stays known
	g.must(g.run("audit", "verify"), 1, "BROKEN", "cut off")
}
