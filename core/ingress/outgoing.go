package ingress

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// incoming is the body of a request on its way in: as much as fits into first is read
// before the plugin is bothered, so that most requests are sent at once, and whole.
type incoming struct {
	from   io.Reader // nil: there is none
	length int64     // -1: not announced
	first  *[]byte
	read   int
	ended  bool
}

// begin reads the first part, until it is full or all is there.
func (b *incoming) begin() error {
	if b.from == nil {
		b.ended = true
		return nil
	}
	for b.read < len(*b.first) {
		n, err := b.from.Read((*b.first)[b.read:])
		b.read += n
		if err == io.EOF {
			b.ended, b.length = true, int64(b.read)
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// streams reports whether more is sent than the first part.
func (b *incoming) streams() bool { return !b.ended }

// outgoing is a request as it is sent to the plugin.
type outgoing struct {
	*http.Request
	rest    string // the path, behind the source
	caller  Caller
	body    *incoming
	whole   bool        // it was sent
	release func() bool // ends the watch for the client's going; false when it has gone
}

// repeatable reports whether the request may be sent again when it got no answer.
func (o *outgoing) repeatable() bool {
	return o.body.ended && o.body.read == 0 && (o.Method == http.MethodGet || o.Method == http.MethodHead || o.Method == http.MethodOptions)
}

func (o *outgoing) drop(u *upstream) {
	o.release()
	_ = u.Close()
}

// send writes the request: errAway when the plugin does not take it.
func (o *outgoing) send(u *upstream) error {
	target := o.rest
	if o.URL.RawQuery != "" || o.URL.ForceQuery {
		target += "?" + o.URL.RawQuery
	}
	if !plain(target) {
		return errTarget
	}
	w := u.write
	w.Reset(u.Conn)
	line(w, o.Method, " ", target, " HTTP/1.1\r\nHost: ", o.host(), "\r\n")
	o.header(w)
	switch {
	case o.body.length < 0:
		line(w, "Transfer-Encoding: chunked\r\n\r\n")
	case o.body.length > 0 || o.Method == http.MethodPost || o.Method == http.MethodPut || o.Method == http.MethodPatch:
		line(w, "Content-Length: ", strconv.FormatInt(o.body.length, 10), "\r\n\r\n")
	default:
		line(w, "\r\n")
	}
	if err := o.sendBody(w); err != nil {
		return err
	}
	if w.Flush() != nil {
		return errAway
	}
	return nil
}

func (o *outgoing) sendBody(w io.Writer) error {
	b := o.body
	if b.length == 0 {
		return nil
	}
	var chunks io.Writer = w
	if b.length < 0 {
		chunks = chunked{w}
	}
	if _, err := chunks.Write((*b.first)[:b.read]); err != nil {
		return errAway
	}
	if b.ended {
		return nil
	}
	client := &noted{from: b.from}
	n, err := io.CopyBuffer(struct{ io.Writer }{chunks}, client, *b.first)
	switch {
	case client.err != nil:
		return client.err
	case err != nil:
		return errAway
	case b.length > 0 && int64(b.read)+n != b.length:
		return io.ErrUnexpectedEOF
	case b.length < 0:
		line(w, "0\r\n\r\n")
	}
	return nil
}

// chunked writes every piece as a chunk.
type chunked struct{ io.Writer }

// Write implements io.Writer.
func (c chunked) Write(p []byte) (int, error) {
	line(c.Writer, strconv.FormatInt(int64(len(p)), 16), "\r\n")
	n, err := c.Writer.Write(p)
	line(c.Writer, "\r\n")
	return n, err
}

// line writes texts; that it fails is seen by the flush.
func line(w io.Writer, parts ...string) {
	for _, p := range parts {
		_, _ = io.WriteString(w, p)
	}
}

// header writes what is passed on of the client's headers, and what the front door says
// itself.
func (o *outgoing) header(w io.Writer) {
	listed := o.Header["Connection"]
	for name, values := range o.Header {
		if o.withheld(name) || len(listed) > 0 && lists(listed, name) {
			continue
		}
		for _, v := range values {
			if plainValue(v) {
				line(w, name, ": ", v, "\r\n")
			}
		}
	}
	if o.caller.OK {
		line(w, CallerHeader, ": ", oneLine(o.caller.Name), "\r\n")
		if o.caller.Scope != "" {
			line(w, ScopeHeader, ": ", oneLine(o.caller.Scope), "\r\n")
		}
	}
}

// withheld reports whether a header is not passed on: it belongs to the client's
// connection, is the front door's to set, or has done its work.
func (o *outgoing) withheld(name string) bool {
	switch name {
	case CallerHeader, ScopeHeader, "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Host", "Content-Length", "Expect":
		return true
	case "Authorization":
		return o.caller.OK // the plugin need not know it
	}
	return slices.Contains(hopByHop, name)
}

// lists reports whether a Connection header names another header.
func lists(listed []string, name string) bool {
	for _, l := range listed {
		for n := range strings.SplitSeq(l, ",") {
			if strings.EqualFold(strings.TrimSpace(n), name) {
				return true
			}
		}
	}
	return false
}

// host is what the client called the server, if that can be said in a header.
func (o *outgoing) host() string {
	if o.Host == "" || !plain(o.Host) {
		return "listener"
	}
	return o.Host
}

// plain reports whether a text has no white space and no control characters.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// plainValue reports whether a text stays within one header.
func plainValue(s string) bool { return !strings.ContainsAny(s, "\r\n\x00") }

func oneLine(s string) string {
	if plainValue(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' || r == 0 {
			return ' '
		}
		return r
	}, s)
}
