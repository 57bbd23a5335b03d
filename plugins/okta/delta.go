package okta

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"syncgateway/sdk"
)

const (
	cursorVersion = 1
	// overlap is how far a window of changes reaches into the one before. Okta's
	// searches show a change late; what comes twice does no harm.
	overlap = 2 * time.Minute
	// maxAge is how old a cursor may be. The log keeps 90 days, but so many changes
	// are read sooner in full.
	maxAge = 7 * 24 * time.Hour
	// maxCandidates is from how many on asking about every changed person takes longer
	// than reading all of them.
	maxCandidates = 500
)

// cursor is where a delta read begins: the changes since a moment by the org's clock,
// and the System Log from a link on.
type cursor struct {
	Version int       `json:"v"`
	Scope   string    `json:"scope"`
	Since   time.Time `json:"since"`
	Log     string    `json:"log,omitempty"`
}

// handOut makes the cursor at the end of a full read that began at the given moment by
// the org's clock. It is empty when the log, which alone tells of deletions, cannot be
// read: then every read must be a full one.
func (s *Source) handOut(ctx context.Context, what string, started time.Time, attributes []string,
	notice func(id, format string, args ...any) error) ([]byte, error) {
	if _, err := s.witness(ctx, what); err != nil {
		return nil, err
	}
	c := cursor{Version: cursorVersion, Scope: s.scope(attributes), Since: started}
	if !s.Logs {
		if s.AppID != "" {
			return nil, nil // who is assigned to the app shows in the log alone
		}
		return c.bytes(), nil
	}
	c.Log = pollFrom(started, logged[what])
	if err := s.client.logReadable(ctx, c.Log); err != nil {
		return nil, notice("", "the next read will be a full one too, for the System Log cannot be read: %s", sdk.AsFailure(err).Message)
	}
	return c.bytes(), nil
}

func (c cursor) bytes() []byte {
	data, _ := json.Marshal(c) // nothing in it can fail
	return data
}

// resume reads a cursor. why says, when it is of no use, what is wrong with it.
func (s *Source) resume(data []byte, attributes []string) (c cursor, why string) {
	switch err := json.Unmarshal(data, &c); {
	case err != nil || c.Version != cursorVersion:
		return c, "the cursor was made by another version of the connector"
	case c.Scope != s.scope(attributes):
		return c, "the settings of the source changed"
	case s.Logs && c.Log == "":
		return c, "the cursor has no place in the System Log"
	}
	return c, ""
}

// age says why a cursor is no longer good at this moment by the org's clock.
func (c cursor) age(now time.Time) string {
	switch age := now.Sub(c.Since); {
	case age > maxAge:
		return fmt.Sprintf("the last read was %s ago", age.Round(time.Hour))
	case age < -overlap:
		return "the cursor lies in the future: a clock was set back"
	}
	return ""
}

func (c cursor) cutoff() time.Time { return c.Since.Add(-overlap) }

// filter selects what changed since the cursor in any of the properties.
func (c cursor) filter(properties ...string) url.Values {
	text := ""
	for _, p := range properties {
		if text != "" {
			text += " or "
		}
		text += p + ` gt "` + c.cutoff().UTC().Format(timeLayout) + `"`
	}
	return url.Values{"filter": {text}, "limit": {"200"}}
}

// timeLayout is how Okta writes moments.
const timeLayout = "2006-01-02T15:04:05.000Z"

// tooMany says why so many people are not asked about one by one.
func tooMany(people int) string {
	if people <= maxCandidates {
		return ""
	}
	return fmt.Sprintf("%d people changed, which takes longer one by one than in full", people)
}

// witness tells the org's time, and fails when the credential no longer sees anything.
// Reads ask it last, too: a role lost on the way empties every later page.
func (s *Source) witness(ctx context.Context, what string) (time.Time, error) {
	if s.AppID != "" {
		return s.client.seesApp(ctx, s.AppID)
	}
	return s.client.probe(ctx, what)
}

// window is a delta read under way: from the cursor to now, with what the log told.
type window struct {
	cursor
	now  time.Time
	next string
	log  told
}

// open starts a delta read. why says that it cannot be done from this cursor.
func (s *Source) open(ctx context.Context, what string, data []byte, attributes []string) (w window, why string, err error) {
	if w.cursor, why = s.resume(data, attributes); why != "" {
		return w, why, nil
	}
	if w.now, err = s.witness(ctx, what); err != nil {
		return w, "", err
	}
	w.log = told{gone: map[string]bool{}, people: map[string]bool{}, groups: map[string]bool{}}
	if why = w.age(w.now); why != "" || !s.Logs {
		return w, why, nil
	}
	w.next, err = s.client.poll(ctx, w.Log, func(e *event) { w.log.take(e, s.AppID) })
	if sdk.Is(err, sdk.ReasonInvalid) {
		return w, "the System Log does not take the cursor any more", nil
	}
	return w, "", err
}

// shut ends a delta read, and gives the cursor for the next one.
func (s *Source) shut(ctx context.Context, what string, w *window) ([]byte, error) {
	_, err := s.witness(ctx, what)
	return cursor{Version: cursorVersion, Scope: w.Scope, Since: w.now, Log: w.next}.bytes(), err
}

func sorted(ids map[string]bool) []string { return slices.Sorted(maps.Keys(ids)) }
