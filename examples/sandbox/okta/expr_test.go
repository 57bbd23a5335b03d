package okta

import "testing"

func TestExpressions(t *testing.T) {
	person := map[string][]string{
		"status": {"ACTIVE"}, "profile.login": {"ada@harbour.example"}, "lastUpdated": {"2026-02-03T10:00:00.000Z"}, "tags": {"a", "b"},
	}
	attribute := func(name string) []string { return person[name] }
	all := func(string) []string { return anything }
	for text, want := range map[string]bool{
		`status eq "ACTIVE"`:                                      true,
		`status eq "active"`:                                      true,
		`status EQ "ACTIVE" AND profile.login sw "ADA"`:           true,
		`status eq "X" or profile.login co "harbour"`:             true,
		`status eq "X" and status eq "Y" or status eq "ACTIVE"`:   true,
		`status eq "ACTIVE" or status eq "X" and status eq "Y"`:   true,
		`(status eq "ACTIVE" or status eq "X") and status eq "Y"`: false,
		`lastUpdated gt "2026-02-03T09:59:59Z"`:                   true,
		`lastUpdated gt "2026-02-03T10:00:00.000Z"`:               false,
		`lastUpdated ge "2026-02-03T12:00:00+02:00"`:              true,
		`lastUpdated lt "2026-02-03T10:00:00.001Z"`:               true,
		`profile.missing pr`:                                      false,
		`profile.login pr`:                                        true,
		`tags eq "b"`:                                             true,
		`profile.missing eq ""`:                                   false,
		`profile.login eq "a\"b"`:                                 false,
		`((status eq "ACTIVE"))`:                                  true,
		`lastUpdated le "2026-02-03T10:00:00Z" and tags ew "A"`:   true,
	} {
		e, err := parse(text, all, false)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := e.eval(attribute); got != want {
			t.Errorf("%s is %v", text, got)
		}
	}
	for _, bad := range []string{``, `status`, `status eq`, `status eq ACTIVE`, `status eq "a`, `(status eq "a"`, `status eq "a" status`, `status ne "a"`, `and`} {
		if _, err := parse(bad, all, false); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	if e, err := parse(`status eq "active"`, all, true); err != nil || e.eval(attribute) {
		t.Errorf("exact: %v", err)
	}
}
