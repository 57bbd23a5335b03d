package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// The people of the story; the sandbox's README says who they are.
const (
	ada       = "ada.byron@harbour.example"
	noor      = "noor.haddad@harbour.example"
	katherine = "katherine.coleman@harbour.example"
	emil      = "emil.berg@harbour.example"
	mary      = "mary.keller@harbour.example"
	otto      = "otto.falk@harbour.example"
	tove      = "tove.lindqvist@harbour.example"
	ines      = "ines.duarte@harbour.example"
)

// tell runs the chapters in order. The first that is not as told ends the story.
func tell(ctx context.Context, s *stage) error {
	began := time.Now()
	for _, chapter := range []func(context.Context, *stage) error{setting, firstSync, day, why, badRead, daemon, record} {
		if err := chapter(ctx, s); err != nil {
			return err
		}
	}
	s.chapter("The end")
	s.aside = false
	s.say(fmt.Sprintf("Everything was as told; it took %.0f seconds. The processes have ended, and the data directory is removed.",
		time.Since(began).Seconds()))
	return nil
}

// setting says where the story plays, and tests the configuration and the connections.
func setting(ctx context.Context, s *stage) error {
	var state struct {
		Okta, Atlassian struct {
			Users  []struct{} `json:"users"`
			Groups []struct{} `json:"groups"`
		}
	}
	if err := s.company.ask(ctx, http.MethodGet, "state", nil, &state); err != nil {
		return err
	}
	s.chapter("The configuration and the connections")
	s.say(fmt.Sprintf("Harbour Works is a pretend company on this machine: an Okta org with %d people and %d groups, and an Atlassian"+
		" organisation with a Jira site, in which %d accounts and %d groups exist already. gateway.hcl says who is to have what.",
		len(state.Okta.Users), len(state.Okta.Groups), len(state.Atlassian.Users), len(state.Atlassian.Groups)))
	if _, err := s.gateway(ctx, "validate", done, "is right"); err != nil {
		return err
	}
	s.say("Do the credentials work, and do they have the permissions that are needed?")
	_, err := s.gatewayKeeping(ctx, "check", 20, 1, done, " 0 failed")
	return err
}

func firstSync(ctx context.Context, s *stage) error {
	s.chapter("The first sync")
	s.say("What would happen? Nothing is changed by a plan.")
	if _, err := s.gatewayKeeping(ctx, "plan", 28, 8, done, "create user", "adopt account", "Plan: "); err != nil {
		return err
	}
	if err := s.nothingChanged(ctx, 0); err != nil {
		return err
	}
	s.say("That is what is wanted. Do it.")
	if _, err := s.gateway(ctx, "apply", done, "applied"); err != nil {
		return err
	}
	s.say("And again: a gateway that is done has nothing to do.")
	if _, err := s.gateway(ctx, "plan", done, "nothing to do"); err != nil {
		return err
	}
	return errors.Join(s.access(ctx, ada, "active", "jira-admins", "data-platform"), s.access(ctx, emil, "active"), s.access(ctx, ines, "active"))
}

var approval = regexp.MustCompile(`gateway approve ([0-9a-f]{8,64})`)

// day is a day of life in the company, which ends in a plan that somebody must look at.
func day(ctx context.Context, s *stage) error {
	var steps []struct{ Title string }
	if err := s.company.ask(ctx, http.MethodGet, "scenario", nil, &steps); err != nil {
		return err
	}
	if err := s.company.ask(ctx, http.MethodPost, "scenario/day", nil, nil); err != nil {
		return err
	}
	s.chapter("A day in the company")
	titles := make([]string, len(steps))
	for i, x := range steps {
		titles[i] = x.Title
	}
	s.say("In Okta, today: " + strings.Join(titles, "; ") + ".")
	_, before, err := s.company.effects(ctx, 0)
	if err != nil {
		return err
	}
	out, err := s.gatewayKeeping(ctx, "apply", 7, 40, held, "HELD", "project-kestrel")
	if err != nil {
		return err
	}
	if err := s.nothingChanged(ctx, before); err != nil {
		return err
	}
	s.say("A whole group would be emptied, which is more than limits.remove_member allows, so nothing was done yet. Here it is right:" +
		" the project has ended. An approval is for this one plan, once.")
	digest := approval.FindStringSubmatch(out)
	if digest == nil {
		return errors.New("the held plan does not say how it is approved")
	}
	if _, err := s.gateway(ctx, "approve -reason project-kestrel-has-ended "+digest[1], done, "released"); err != nil {
		return err
	}
	if _, err := s.gateway(ctx, "apply", done, "approved", "applied"); err != nil {
		return err
	}
	return errors.Join(
		s.access(ctx, noor, "active", "engineering", "jira-users"), s.access(ctx, katherine, "active", "platform", "!research"),
		s.access(ctx, emil, "suspended"), s.access(ctx, mary, "suspended"), s.access(ctx, otto, "suspended"), s.access(ctx, tove, "active"),
		s.access(ctx, ada, "active", "jira-admins", "data-engineering", "!data-platform"))
}

func why(ctx context.Context, s *stage) error {
	s.chapter("Why?")
	s.say("Why is Ada in jira-admins? Which rule, from which group, done when, and what did Atlassian answer?")
	_, err := s.gatewayKeeping(ctx, "explain "+ada, 60, 0, done, "jira-admins: is in it, added by the gateway", `in group "jira-administrators"`, "gateway.hcl:")
	return err
}

// badRead is what this gateway is built for: the source answers 200, and what it
// answers is wrong.
func badRead(ctx context.Context, s *stage) error {
	s.chapter("A bad read")
	_, before, err := s.company.effects(ctx, 0)
	if err != nil {
		return err
	}
	for _, x := range []struct{ kind, story string }{
		{"half", "Okta has a bad night: it answers 200, and its list of people ends after the first half."},
		{"empty_list", "Then it answers 200 with no people at all."},
	} {
		if err := s.company.spoil(ctx, x.kind); err != nil {
			return err
		}
		s.say(x.story)
		if _, err := s.gatewayKeeping(ctx, "apply -full", 20, 0, failed, "Nobody is removed on the word of this read", "gateway check"); err != nil {
			return err
		}
		fired, err := s.company.heal(ctx)
		if err != nil {
			return err
		}
		if fired == 0 {
			return fmt.Errorf("the fault %s never happened", x.kind)
		}
		if err := s.nothingChanged(ctx, before); err != nil {
			return err
		}
	}
	s.say("The company's own log of requests says: since the approved plan, no request changed anything. The list is whole again:")
	if _, err := s.gateway(ctx, "apply -full", done, "nothing to do"); err != nil {
		return err
	}
	return s.nothingChanged(ctx, before)
}

func daemon(ctx context.Context, s *stage) error {
	s.chapter("The daemon")
	s.say("The same as a daemon: it runs the syncs by their schedules, and the command line becomes its client.")
	return s.serve(ctx, func() error {
		if _, err := s.gateway(ctx, "plan", done, "nothing to do"); err != nil {
			return err
		}
		if _, err := s.gateway(ctx, "status", done, "the daemon runs", "next run"); err != nil {
			return err
		}
		if err := s.get(ctx, "/healthz", func(line string) bool { return strings.Contains(line, "ok") }); err != nil {
			return err
		}
		return s.get(ctx, "/metrics", func(line string) bool { return strings.HasPrefix(line, "syncgateway_people") })
	})
}

func record(ctx context.Context, s *stage) error {
	s.chapter("The record")
	s.aside = true
	if _, err := s.gateway(ctx, "status", done, "no daemon runs"); err != nil {
		return err
	}
	_, err := s.gatewayKeeping(ctx, "runs", 20, 0, done, "held", "done")
	return err
}

// nothingChanged fails when any request after an entry of the company's log changed
// something.
func (s *stage) nothingChanged(ctx context.Context, after int64) error {
	counts, _, err := s.company.effects(ctx, after)
	if err != nil {
		return err
	}
	if len(counts) > 0 {
		return fmt.Errorf("the company's log has changes where none were due: %v", counts)
	}
	return nil
}
