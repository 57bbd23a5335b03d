package config

import (
	"reflect"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
)

func TestLimitBlocks(t *testing.T) {
	c := mustParse(t, `
source "okta" "corp" {}
target "jira-cloud" "acme" {}
sync "staff" {
  from = [source.okta.corp]
  to   = target.jira-cloud.acme
  limits {
    deactivate { per = "3d" }
    delete { count = 0 }
    update { percent = 10 }
    remove_member {
      count     = 5
      per_group = true
    }
    remove_member {
      percent = 7
      per     = "1d12h"
    }
  }
}`)
	l := c.Syncs[0].Limits
	for _, list := range []*[]Limit{&l.Deactivate, &l.Delete, &l.Update, &l.RemoveMember} {
		for i := range *list {
			x := &(*list)[i]
			if x.Range.Filename == "" {
				t.Errorf("%+v has no place", x)
			}
			x.Range = hcl.Range{}
		}
	}
	want := defaultLimits()
	want.Deactivate, want.Delete, want.Update = []Limit{{Count: 25, Percent: 5, Per: 3 * day}}, []Limit{{Count: 0, Percent: Unlimited}}, []Limit{{Count: Unlimited, Percent: 10}}
	want.RemoveMember = []Limit{{Count: 5, Percent: Unlimited, PerGroup: true}, {Count: Unlimited, Percent: 7, Per: 36 * time.Hour}}
	want.Floor, want.OnTrip, want.MaxShrink, want.Approvers, want.ApprovalLasts, want.MaxLookups = 3, TripHoldAll, 20, 1, day, 2000
	if !reflect.DeepEqual(l, want) {
		t.Errorf("%+v", l)
	}
}
