package httpx

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"syncgateway/sdk/record"
)

// Guard notices when a listing goes round in a circle. The zero value is ready.
type Guard struct{ seen map[string]bool }

// Next takes note of the cursor that is about to be followed; a second time is a
// Failure, since the listing would never end and never be whole.
func (g *Guard) Next(cursor string) error {
	if g.seen[cursor] {
		return record.Fail(record.ReasonUnavailable, "the system repeated a page cursor after %d pages, so that the listing would never end",
			len(g.seen))
	}
	if g.seen == nil {
		g.seen = map[string]bool{}
	}
	g.seen[cursor] = true
	return nil
}

// Links lists pages that name the next one in a Link header. A page is a T decoded
// from JSON. It ends after the last page or the first error.
func Links[T any](ctx context.Context, c *Client, path string, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var guard Guard
		for {
			var page T
			resp, err := c.Do(ctx, Request{Method: http.MethodGet, Path: path, Query: query, Out: &page})
			if err == nil && resp.Next != "" {
				err = guard.Next(resp.Next)
			}
			if !yield(page, err) || err != nil || resp.Next == "" {
				return
			}
			path, query = resp.Next, nil
		}
	}
}

// Cursors lists pages that hold the cursor of the next one, which is sent back as the
// query parameter; next returns it, empty on the last page. A cursor that is a whole
// URL on the same host is followed instead.
func Cursors[T any](ctx context.Context, c *Client, path string, query url.Values, parameter string, next func(*T) string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var guard Guard
		for {
			var page T
			err := c.Get(ctx, path, query, &page)
			cursor := ""
			if err == nil {
				if cursor = next(&page); cursor != "" {
					err = guard.Next(cursor)
				}
			}
			if !yield(page, err) || err != nil || cursor == "" {
				return
			}
			if strings.HasPrefix(cursor, "https://") || strings.HasPrefix(cursor, "http://") {
				path, query = cursor, nil
				continue
			}
			query = with(query, parameter, cursor)
		}
	}
}

// Offsets lists pages by the position of their first record, sent as the query
// parameter. count says how many records a page has, and whether more follow; a page
// without records ends the listing, or is a Failure when more should follow.
func Offsets[T any](ctx context.Context, c *Client, path string, query url.Values, parameter string,
	count func(*T) (records int, more bool)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for at := 0; ; {
			var page T
			err := c.Get(ctx, path, with(query, parameter, strconv.Itoa(at)), &page)
			more := false
			if err == nil {
				var n int
				if n, more = count(&page); n == 0 && more {
					err = record.Fail(record.ReasonUnavailable, "the system gave an empty page at %d and says that more follow", at)
				}
				at += n
			}
			if !yield(page, err) || err != nil || !more {
				return
			}
		}
	}
}

func with(query url.Values, name, value string) url.Values {
	out := url.Values{}
	for k, v := range query {
		out[k] = v
	}
	out.Set(name, value)
	return out
}

// nextLink finds the target of rel="next" in the Link headers.
func nextLink(resp *http.Response) string {
	for _, header := range resp.Header.Values("Link") {
		for header != "" {
			open := strings.IndexByte(header, '<')
			shut := strings.IndexByte(header, '>')
			if open < 0 || shut < open {
				break
			}
			target := header[open+1 : shut]
			rest := header[shut+1:]
			end := strings.Index(rest, "<") // parameters hold no angle brackets
			if end < 0 {
				end = len(rest)
			}
			if isNext(rest[:end]) {
				return absolute(resp, target)
			}
			header = rest[end:]
		}
	}
	return ""
}

func isNext(parameters string) bool {
	for _, p := range strings.FieldsFunc(parameters, func(r rune) bool { return r == ';' || r == ',' }) {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(strings.TrimSpace(name), "rel") && strings.EqualFold(strings.Trim(strings.TrimSpace(value), `"`), "next") {
			return true
		}
	}
	return false
}

func absolute(resp *http.Response, target string) string {
	u, err := url.Parse(target)
	if err != nil || resp.Request == nil || resp.Request.URL == nil {
		return target
	}
	return resp.Request.URL.ResolveReference(u).String()
}
