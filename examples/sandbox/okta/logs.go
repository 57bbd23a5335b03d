package okta

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"syncgateway/examples/sandbox/fault"
)

const (
	logsBack    = 7 * 24 * time.Hour
	logsOldest  = 180 * 24 * time.Hour
	maxKeywords = 10
)

// logQuery is one question to the System Log.
type logQuery struct {
	filter       expression
	keywords     []string
	since, until time.Time
	limit        int
	descending   bool
	polling      bool // ascending without until: order of persistence, endless next
	from         int  // position in Org.events, or in the bounded result
}

func (o *Org) listLogs(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	q, code, err := o.logQuery(r.URL.Query())
	if err != nil {
		o.fail(w, http.StatusBadRequest, code, "Invalid query parameters.", err.Error())
		return
	}
	if q.polling {
		o.poll(w, r, q)
		return
	}
	o.bounded(w, r, q)
}

func (o *Org) logQuery(v url.Values) (logQuery, string, error) {
	const badFilter, bad = "E0000053", "E0000001"
	q := logQuery{limit: 100, since: o.now().Add(-logsBack), descending: strings.EqualFold(v.Get("sortOrder"), "DESCENDING")}
	var err error
	if f := v.Get("filter"); f != "" {
		if q.filter, err = parse(f, eventGrammar, false); err != nil {
			return q, badFilter, err
		}
	}
	if v.Get("since") != "" && v.Get("after") != "" {
		return q, bad, fmt.Errorf("since and after exclude one another")
	}
	if s := v.Get("since"); s != "" {
		if q.since, err = time.Parse(time.RFC3339, s); err != nil {
			return q, bad, fmt.Errorf("since: %w", err)
		}
		if q.since.Before(o.now().Add(-logsOldest)) {
			return q, badFilter, fmt.Errorf("since is more than 180 days ago")
		}
	}
	if s := v.Get("until"); s != "" {
		if q.until, err = time.Parse(time.RFC3339, s); err != nil {
			return q, bad, fmt.Errorf("until: %w", err)
		}
	}
	q.polling = q.until.IsZero() && !q.descending
	if s := v.Get("limit"); s != "" {
		if q.limit, err = strconv.Atoi(s); err != nil || q.limit < 0 || q.limit > 1000 {
			return q, bad, fmt.Errorf("limit must be from 0 to 1000")
		}
	}
	if q.keywords = strings.Fields(v.Get("q")); len(q.keywords) > maxKeywords {
		return q, bad, fmt.Errorf("at most %d keywords", maxKeywords)
	}
	if after := v.Get("after"); after != "" {
		if err = q.resume(after); err != nil {
			return q, bad, err
		}
	}
	return q, "", nil
}

// cursor writes a position: an index in the log when polling; bounded, an index in the result and where that begins.
func (q logQuery) cursor(at int, salt string) string {
	c := "t" + strconv.Itoa(at)
	if !q.polling {
		c += "~" + strconv.FormatInt(q.since.UnixMilli(), 36)
	}
	return c + suffix(salt)
}

func (q *logQuery) resume(cursor string) (err error) {
	key, _, _ := strings.Cut(cursor, ".")
	at, began, _ := strings.Cut(key, "~")
	number, known := strings.CutPrefix(at, "t")
	if q.from, err = strconv.Atoi(number); err != nil || !known {
		return fmt.Errorf("after: unknown cursor")
	}
	q.since = time.Time{}
	if began != "" {
		ms, err := strconv.ParseInt(began, 36, 64)
		if err != nil {
			return fmt.Errorf("after: unknown cursor")
		}
		q.since = time.UnixMilli(ms)
	}
	return nil
}

func (q logQuery) keeps(e event) bool {
	if q.filter != nil && !q.filter.eval(e.attribute) {
		return false
	}
	for _, word := range q.keywords {
		if !e.contains(strings.ToLower(word)) {
			return false
		}
	}
	return true
}

func (e event) contains(word string) bool {
	text := e.kind + " " + actorID
	for _, t := range e.targets {
		text += " " + t.id + " " + t.alternateID + " " + t.displayName
	}
	return strings.Contains(strings.ToLower(text), word)
}

// poll goes through events as they were persisted. next is always there, even after the last event.
func (o *Org) poll(w http.ResponseWriter, r *http.Request, q logQuery) {
	var at []int
	for i := q.from; i < len(o.events); i++ {
		if e := o.events[i]; !e.published.Before(q.since) && q.keeps(e) {
			at = append(at, i)
		}
	}
	view := fault.FromContext(r.Context()).Page(len(at), 0, q.limit)
	next := len(o.events)
	switch {
	case view.Same:
		next = q.from
	case view.Next == view.From:
		next = q.from
	case view.Next >= 0:
		next = at[view.Next-1] + 1
	}
	o.link(w, r, "self", "")
	o.link(w, r, "next", q.cursor(next, view.Salt))
	out := []any{}
	for _, i := range at[view.From:view.To] {
		out = append(out, o.events[i].json())
	}
	writeJSON(w, http.StatusOK, out)
}

func suffix(salt string) string {
	if salt == "" {
		return ""
	}
	return "." + salt
}

// bounded sorts by the time of publication and ends with its last event.
func (o *Org) bounded(w http.ResponseWriter, r *http.Request, q logQuery) {
	events := []event{}
	for _, e := range o.events {
		inside := !e.published.Before(q.since) && (q.until.IsZero() || e.published.Before(q.until))
		if inside && q.keeps(e) {
			events = append(events, e)
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return a.published.Compare(b.published) })
	if q.descending {
		slices.Reverse(events)
	}
	view := fault.FromContext(r.Context()).Page(len(events), q.from, q.limit)
	o.link(w, r, "self", "")
	if view.Next >= 0 {
		o.link(w, r, "next", q.cursor(view.Next, view.Salt))
	}
	out := []any{}
	for _, e := range events[view.From:view.To] {
		out = append(out, e.json())
	}
	writeJSON(w, http.StatusOK, out)
}
