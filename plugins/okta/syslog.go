package okta

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"syncgateway/sdk"
	"syncgateway/sdk/httpx"
)

// The events of the System Log that nothing else tells.
const (
	userDeleted     = "user.lifecycle.delete.completed"
	groupDeleted    = "group.lifecycle.delete"
	userAssigned    = "application.user_membership.add"
	userUnassigned  = "application.user_membership.remove"
	groupAssigned   = "group.application_assignment.add"
	groupUnassigned = "group.application_assignment.remove"
)

// logged are the events that a delta read of users or groups needs.
var logged = map[string][]string{
	"users":  {userDeleted, userAssigned, userUnassigned},
	"groups": {groupDeleted, groupAssigned, groupUnassigned, userAssigned},
}

// event is an entry of the System Log.
type event struct {
	EventType string
	Outcome   struct{ Result string }
	Target    []struct{ ID, Type string }
}

// target is the id of the event's object of the given type, empty when it names none.
func (e *event) target(kind string) string {
	for _, t := range e.Target {
		if t.Type == kind && isID(t.ID) {
			return t.ID
		}
	}
	return ""
}

// told is what the log said: what is gone, and whose assignment to the app changed one
// way or the other.
type told struct{ gone, people, groups map[string]bool }

func (t *told) take(e *event, app string) {
	if e.Outcome.Result != "" && e.Outcome.Result != "SUCCESS" {
		return
	}
	switch e.EventType {
	case userDeleted:
		note(t.gone, e.target("User"))
		return
	case groupDeleted:
		note(t.gone, e.target("UserGroup"))
		return
	}
	if app == "" || e.target("AppInstance") != app {
		return
	}
	switch e.EventType {
	case userAssigned, userUnassigned:
		note(t.people, e.target("User"))
	case groupAssigned, groupUnassigned:
		note(t.groups, e.target("UserGroup"))
	}
}

func note(ids map[string]bool, id string) {
	if id != "" {
		ids[id] = true
	}
}

// logPage is how many events are asked for at a time.
const logPage = "1000"

// pollFrom is the address of a query that goes on for ever: without an end, and in the
// order in which events were kept, so that one that arrives late is still seen.
func pollFrom(since time.Time, events []string) string {
	terms := slices.Clone(events)
	for i := range terms {
		terms[i] = "eventType eq " + quoted(terms[i])
	}
	return "/api/v1/logs?" + url.Values{"since": {since.Add(-overlap).UTC().Format(timeLayout)}, "sortOrder": {"ASCENDING"},
		"filter": {strings.Join(terms, " or ")}, "limit": {logPage}}.Encode()
}

// logReadable fails when the query cannot be made.
func (c *client) logReadable(ctx context.Context, link string) error {
	var events []event
	_, err := c.get(ctx, link, limit(1), &events)
	if err == nil {
		err = whole(events, link)
	}
	return err
}

// poll takes every event from the link on, and returns the link from which to go on
// another time.
func (c *client) poll(ctx context.Context, link string, take func(*event)) (string, error) {
	var guard httpx.Guard
	for {
		var events []event
		resp, err := c.get(ctx, link, nil, &events)
		if err == nil {
			err = whole(events, link)
		}
		if err != nil {
			return "", err
		}
		if resp.Next == "" {
			return "", sdk.Unavailable("the System Log answered without the link to go on from")
		}
		if len(events) == 0 {
			return resp.Next, nil
		}
		if err := guard.Next(resp.Next); err != nil {
			return "", err
		}
		for i := range events {
			take(&events[i])
		}
		link = resp.Next
	}
}
