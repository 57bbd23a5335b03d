package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// The people whom the identity providers push. Ada and Emil have accounts in Atlassian
// from before.
var (
	adaByron   = who{"Ada", "Byron"}
	katherineC = who{"Katherine", "Coleman"}
	emilBerg   = who{"Emil", "Berg"}
	lucia      = who{"Lucia", "Moreau"}
	sven       = who{"Sven", "Aalto"}
	partners   = []who{{"Aiko", "Lund"}, {"Bruno", "Sato"}, {"Carla", "Weiss"}, {"Deniz", "Okafor"}}
	staff      = crew("North", 24)
	newcomers  = crew("South", 40)
)

// crew invents people of one family name.
func crew(family string, n int) []who {
	out := make([]who, n)
	for i := range out {
		out[i] = who{fmt.Sprintf("Sailor%02d", i+1), family}
	}
	return out
}

// pushing is the story of the identity providers that push.
type pushing struct {
	*stage
	daemon        *serving
	okta, partner *idp
}

// tellPushes runs the chapters of the push story in order.
func tellPushes(ctx context.Context, s *stage) (err error) {
	began := time.Now()
	p := &pushing{stage: s}
	defer func() {
		if p.daemon != nil {
			err = errors.Join(err, p.daemon.stop())
		}
	}()
	for i, chapter := range []func(context.Context) error{p.setUp, p.firstPush, p.groups, p.changes, p.crash, p.flood, p.why} {
		if i > 0 {
			s.line("")
		}
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	s.chapter("The end")
	s.say(fmt.Sprintf("Everything was as told; it took %.0f seconds. The processes have ended, and the data directory is removed.",
		time.Since(began).Seconds()))
	return nil
}

// setUp is what an administrator does: start, make tokens, test the connection.
func (p *pushing) setUp(ctx context.Context) (err error) {
	p.chapter("Two identity providers, one door")
	p.say("examples/scim-listener/jira.hcl has two listeners, idp and partner, and Jira Cloud. Harbour Works' own Okta will push to one," +
		" the Entra ID of a partner to the other. What is to be pasted where?")
	if _, err := p.gateway(ctx, "validate", done, "is right"); err != nil {
		return err
	}
	if _, err := p.gateway(ctx, "check source.scim.idp", done, p.public+"/in/idp/v2", "gateway tokens create idp"); err != nil {
		return err
	}
	if p.daemon, err = p.start(ctx); err != nil {
		return err
	}
	if p.okta, err = p.provider(ctx, "Okta", "idp", "Okta SCIM Client 1.0.0"); err != nil {
		return err
	}
	if p.partner, err = p.provider(ctx, "Entra", "partner", "Microsoft-Azure-AD-SCIM"); err != nil {
		return err
	}
	p.say("Both administrators press \"Test connection\". Okta lists; Entra asks for somebody who cannot be there.")
	if _, err := p.okta.show(ctx, http.StatusOK, http.MethodGet, "/Users?startIndex=1&count=2", nil); err != nil {
		return err
	}
	if _, err := p.okta.show(ctx, http.StatusOK, http.MethodGet, "/Groups?startIndex=1&count=100", nil); err != nil {
		return err
	}
	nobody := url.QueryEscape(`userName eq "6f1a8a10-1b0f-4e55-9d9b-not-there"`)
	if _, err := p.partner.show(ctx, http.StatusOK, http.MethodGet, "/Users?filter="+nobody, nil); err != nil {
		return err
	}
	p.say("The token of one is nothing to the other.")
	stranger := *p.okta
	stranger.token = p.partner.token
	if _, err := stranger.show(ctx, http.StatusUnauthorized, http.MethodGet, "/Users", nil); err != nil {
		return err
	}
	return nil
}

// provider makes the token of an identity provider.
func (p *pushing) provider(ctx context.Context, name, source, agent string) (*idp, error) {
	line := "tokens create " + source + " -name " + strings.ToLower(name) + " -lasts 4320h"
	p.typed("gateway " + line)
	cmd := child(ctx, p.program, strings.Fields(line)...)
	var out, said bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, &out, &said
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("gateway %s: %w: %s", line, err, &said)
	}
	token := strings.TrimSpace(out.String())
	if len(token) < 40 {
		return nil, fmt.Errorf("gateway %s: %d characters are not a token", line, len(token))
	}
	p.output(token[:8]+"…\n"+said.String(), 3, 0) // a screen is no place for a token
	x := &idp{stage: p.stage, name: name, agent: agent, path: "/in/" + source + "/v2", token: token, ids: map[string]string{}}
	x.client.Timeout = becomesTrue
	_, err := p.becomes(ctx, func() error { // its plugin has started
		_, err := x.expect(ctx, http.StatusOK, http.MethodGet, "/ServiceProviderConfig", nil)
		return err
	})
	return x, err
}

// firstPush brings people from both.
func (p *pushing) firstPush(ctx context.Context) error {
	p.chapter("People are assigned")
	p.say("Okta looks for everybody before it creates them. Ada and Emil have accounts in Atlassian from before, which are adopted;" +
		" the others are invited.")
	if err := errors.Join(p.access(ctx, adaByron.email(), "active"), p.access(ctx, emilBerg.email(), "active")); err != nil {
		return err
	}
	for i, w := range append([]who{adaByron, katherineC, emilBerg, lucia, sven}, staff...) {
		if err := p.okta.hire(ctx, w, i < 2); err != nil {
			return err
		}
	}
	p.line(fmt.Sprintf("  Okta  … and %d more", len(staff)+3))
	for i, w := range partners {
		if err := p.partner.hire(ctx, w, i < 1); err != nil {
			return err
		}
	}
	p.line(fmt.Sprintf("  Entra  … and %d more\n", len(partners)-1))
	return p.arrives(ctx, "Everybody has access", "active", emails(append(append([]who{adaByron, katherineC, emilBerg, lucia, sven}, staff...), partners...)))
}

// groups pushes groups with members.
func (p *pushing) groups(ctx context.Context) error {
	p.chapter("Groups are pushed")
	for _, g := range []struct {
		name    string
		members []string
	}{{"research", append(emails(staff[:8]), katherineC.email())}, {"platform", append(emails(staff[8:20]), adaByron.email(), sven.email())}} {
		answer, err := p.okta.show(ctx, http.StatusCreated, http.MethodPost, "/Groups",
			object{"schemas": []string{groupSchema}, "displayName": g.name, "members": []object{}})
		if err != nil {
			return err
		}
		if err := p.okta.note(g.name, answer); err != nil {
			return err
		}
		if _, err := p.okta.show(ctx, http.StatusNoContent, http.MethodPatch, "/Groups/"+p.okta.ids[g.name],
			patch(object{"op": "replace", "path": "members", "value": p.okta.members(g.members...)})); err != nil {
			return err
		}
	}
	answer, err := p.partner.show(ctx, http.StatusCreated, http.MethodPost, "/Groups", object{"schemas": []string{groupSchema,
		"http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"}, "displayName": "partners", "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159"})
	if err != nil {
		return err
	}
	if err := p.partner.note("partners", answer); err != nil {
		return err
	}
	for i, w := range partners {
		send := p.partner.expect
		if i == 0 {
			send = p.partner.show
		}
		if _, err := send(ctx, http.StatusNoContent, http.MethodPatch, "/Groups/"+p.partner.ids["partners"],
			patch(object{"op": "Add", "path": "members", "value": []object{{"$ref": nil, "value": p.partner.ids[w.email()]}}})); err != nil {
			return err
		}
	}
	p.line("")
	if err := p.arrives(ctx, "The groups of Okta are there", "active", []string{katherineC.email()}, "research"); err != nil {
		return err
	}
	return errors.Join(p.arrives(ctx, "Ada is in platform", "active", []string{adaByron.email()}, "platform"),
		p.arrives(ctx, "The partners are in theirs", "active", emails(partners), "partners"))
}

// changes are a mover, a rename, a leaver and a deletion.
func (p *pushing) changes(ctx context.Context) error {
	p.chapter("People move, change and leave")
	for _, x := range []struct {
		idp    *idp
		status int
		method string
		path   string
		body   any
	}{
		{p.okta, http.StatusNoContent, http.MethodPatch, "/Groups/" + p.okta.ids["research"],
			patch(object{"op": "remove", "path": `members[value eq "` + p.okta.ids[katherineC.email()] + `"]`})},
		{p.okta, http.StatusNoContent, http.MethodPatch, "/Groups/" + p.okta.ids["platform"],
			patch(object{"op": "replace", "value": object{"id": p.okta.ids["platform"], "displayName": "platform"}},
				object{"op": "add", "path": "members", "value": p.okta.members(katherineC.email())})},
		{p.okta, http.StatusOK, http.MethodPatch, "/Users/" + p.okta.ids[emilBerg.email()], patch(object{"op": "replace", "value": object{"active": false}})},
		{p.partner, http.StatusOK, http.MethodPatch, "/Users/" + p.partner.ids[partners[0].email()],
			patch(object{"op": "Replace", "path": "active", "value": "False"})},
		{p.partner, http.StatusOK, http.MethodPatch, "/Users/" + p.partner.ids[partners[1].email()],
			patch(object{"op": "Add", "path": enterpriseSchema + ":department", "value": "Sales"}, object{"op": "Replace", "path": "name.familyName", "value": "Sato-Lee"})},
		{p.partner, http.StatusNoContent, http.MethodDelete, "/Users/" + p.partner.ids[partners[2].email()], nil},
	} {
		if _, err := x.idp.show(ctx, x.status, x.method, x.path, x.body); err != nil {
			return err
		}
	}
	p.line("")
	if err := p.arrives(ctx, "Katherine has moved", "active", []string{katherineC.email()}, "platform", "!research"); err != nil {
		return err
	}
	return p.arrives(ctx, "Emil, Aiko and Carla have no access any more", "suspended", []string{emilBerg.email(), partners[0].email(), partners[2].email()})
}

// crash kills the daemon while people are pushed. What was acknowledged must be there,
// and the provider tries the rest again.
func (p *pushing) crash(ctx context.Context) error {
	p.chapter("Killed while it was pushed to")
	p.say(fmt.Sprintf("Okta pushes %d people over eight connections. In the middle of it the daemon is killed: kill -9.", len(newcomers)))
	acknowledged := p.pushUntilKilled(ctx, len(newcomers)/3)
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(acknowledged) == 0 || len(acknowledged) == len(newcomers) {
		return fmt.Errorf("the daemon was to be killed in the middle, and %d of %d were acknowledged", len(acknowledged), len(newcomers))
	}
	var err error
	if p.daemon, err = p.start(ctx); err != nil {
		return err
	}
	if _, err := p.becomes(ctx, func() error { _, err := p.okta.find(ctx, adaByron.email()); return err }); err != nil {
		return err
	}
	for _, w := range newcomers {
		n, err := p.okta.find(ctx, w.email())
		switch {
		case err != nil:
			return err
		case acknowledged[w] && n != 1, n > 1:
			return fmt.Errorf("%s was acknowledged (%v) before the crash, and is there %d times after it", w.email(), acknowledged[w], n)
		case n == 1:
			continue
		}
		if err := p.okta.hire(ctx, w, false); err != nil {
			return err
		}
	}
	p.say(fmt.Sprintf("%d were acknowledged before it was killed, and every one of them is there. Okta pushes the others again.", len(acknowledged)))
	return p.arrives(ctx, "All of them have access", "active", emails(newcomers))
}

// pushUntilKilled pushes the newcomers, kills the daemon once enough of them were
// acknowledged, and returns who was.
func (p *pushing) pushUntilKilled(ctx context.Context, enough int) map[who]bool {
	var mu sync.Mutex
	var kill sync.Once
	acknowledged := map[who]bool{}
	work := make(chan who)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for w := range work {
				status, _, err := p.okta.send(ctx, http.MethodPost, "/Users", w.user())
				if err != nil || status != http.StatusCreated {
					continue // no answer, or that of a door without a gateway behind
				}
				mu.Lock()
				acknowledged[w] = true
				if len(acknowledged) >= enough {
					kill.Do(func() { _ = p.daemon.kill() })
				}
				mu.Unlock()
			}
		})
	}
	for _, w := range newcomers {
		work <- w
	}
	close(work)
	group.Wait()
	p.daemon = nil
	return acknowledged
}

// flood deactivates most of the staff. The provider gets its answers, and the plan is
// held.
func (p *pushing) flood(ctx context.Context) error {
	p.chapter("A flood of deactivations")
	gone := newcomers[:30]
	p.say(fmt.Sprintf("Somebody takes the wrong group off the app, and Okta deactivates %d people. It is answered as always.", len(gone)))
	for i, w := range gone {
		found, err := p.okta.expect(ctx, http.StatusOK, http.MethodGet, "/Users?filter="+url.QueryEscape(`userName eq "`+w.email()+`"`), nil)
		if err != nil {
			return err
		}
		id, err := only(found)
		if err != nil {
			return err
		}
		send := p.okta.expect
		if i == 0 {
			send = p.okta.show
		}
		if _, err := send(ctx, http.StatusOK, http.MethodPatch, "/Users/"+id, patch(object{"op": "replace", "value": object{"active": false}})); err != nil {
			return err
		}
	}
	p.line(fmt.Sprintf("  Okta  … and %d more\n", len(gone)-1))
	out, err := p.gatewayKeeping(ctx, "plan", 12, 12, held, "HELD", "limits.deactivate")
	if err != nil {
		return err
	}
	lost := 0
	for _, w := range gone {
		a, err := p.company.account(ctx, w.email())
		if err != nil {
			return err
		}
		if a.Status != "active" {
			lost++
		}
	}
	if lost > 5 { // limits.deactivate
		return fmt.Errorf("%d people lost access, and the limit is 5 in a day", lost)
	}
	p.say(fmt.Sprintf("Of the %d, %d have lost access, says Atlassian: the limit is 5 in a day. The others wait for somebody to look. If it is right after all:",
		len(gone), lost))
	digest := approval.FindStringSubmatch(out)
	if digest == nil {
		return errors.New("the held plan does not say how it is approved")
	}
	if _, err := p.gateway(ctx, "approve -reason the-project-has-ended "+digest[1], done, "released"); err != nil {
		return err
	}
	if _, err := p.gateway(ctx, "apply", done, "approved", "applied"); err != nil {
		return err
	}
	return p.arrives(ctx, "All of them are suspended", "suspended", emails(gone))
}

// only is the id of the one resource of a list.
func only(list object) (string, error) {
	all, ok := list["Resources"].([]any)
	if !ok || len(all) != 1 {
		return "", fmt.Errorf("not one resource: %v", list)
	}
	first, _ := all[0].(object)
	id, ok := first["id"].(string)
	if !ok {
		return "", fmt.Errorf("a resource without an id: %v", first)
	}
	return id, nil
}

// why asks the gateway what it did, and for whom.
func (p *pushing) why(ctx context.Context) error {
	p.chapter("Why?")
	if _, err := p.gatewayKeeping(ctx, "explain "+katherineC.email(), 40, 0, done, `in group "platform" of source.scim.idp`, "active"); err != nil {
		return err
	}
	if _, err := p.gatewayKeeping(ctx, "status", 30, 0, done, "the daemon runs", "left"); err != nil {
		return err
	}
	_, err := p.gateway(ctx, "tokens list", done, "okta", "entra", "in use")
	return err
}
