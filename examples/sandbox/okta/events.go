package okta

import (
	"time"

	"syncgateway/examples/sandbox/internal/seeded"
)

// event is one entry of the System Log. The order of persistence is the order in Org.events; published may disagree.
type event struct {
	uuid      string
	kind      string
	published time.Time
	targets   []target
}

type target struct{ id, kind, alternateID, displayName string }

func (u *user) target() target {
	return target{u.id, "User", u.cur.person.Login, u.cur.person.DisplayName}
}

func (g *group) target() target { return target{g.id, "UserGroup", "unknown", g.cur.name} }

// log needs the write lock.
func (o *Org) log(kind string, targets ...target) { o.logAt(kind, o.now(), targets) }

func (o *Org) logAt(kind string, published time.Time, targets []target) {
	o.events = append(o.events, event{uuid: o.ids.UUID(), kind: kind, published: published, targets: targets})
}

// AddLateEvent persists an event now that was published in the past, as happens when the vendor's pipeline lags: a
// bounded query that ended before misses it, polling does not.
func (o *Org) AddLateEvent(kind, userID string, published time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := target{id: userID, kind: "User", alternateID: "unknown"}
	if u := o.users[userID]; u != nil {
		t = u.target()
	}
	o.logAt(kind, published, []target{t})
}

func (e event) attribute(name string) []string {
	pick := func(of func(target) string) []string {
		var out []string
		for _, t := range e.targets {
			out = append(out, of(t))
		}
		return out
	}
	switch name {
	case "eventType":
		return []string{e.kind}
	case "published":
		return []string{stamp(e.published)}
	case "uuid":
		return []string{e.uuid}
	case "severity":
		return []string{"INFO"}
	case "outcome.result":
		return []string{"SUCCESS"}
	case "actor.id":
		return []string{actorID}
	case "target.id":
		return pick(func(t target) string { return t.id })
	case "target.type":
		return pick(func(t target) string { return t.kind })
	case "target.alternateId":
		return pick(func(t target) string { return t.alternateID })
	}
	return nil
}

func eventGrammar(name string) []string {
	switch name {
	case "eventType", "uuid", "severity", "outcome.result", "actor.id", "target.id", "target.type", "target.alternateId":
		return anything
	case "published":
		return dates
	}
	return nil
}

func (e event) json() map[string]any {
	targets := make([]map[string]any, 0, len(e.targets))
	for _, t := range e.targets {
		targets = append(targets, map[string]any{
			"id": t.id, "type": t.kind, "alternateId": t.alternateID, "displayName": t.displayName,
		})
	}
	return map[string]any{
		"uuid": e.uuid, "published": stamp(e.published), "eventType": e.kind, "version": "0", "severity": "INFO",
		"displayMessage": e.kind, "outcome": map[string]any{"result": "SUCCESS"},
		"actor":  map[string]any{"id": actorID, "type": "User", "alternateId": adminLogin, "displayName": "Okta Administrator"},
		"target": targets,
	}
}

const (
	adminLogin = "okta.admin@harbour.example"
	userTypeID = "oty1q2w3e4r5t6y7u8i9"
)

var actorID = seeded.New(0, "okta-admin").Text("00u", 17)
