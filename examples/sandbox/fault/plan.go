package fault

import (
	"net/url"
	"time"
)

func decodeQuery(raw string) string {
	if decoded, err := url.QueryUnescape(raw); err == nil {
		return decoded
	}
	return raw
}

// Plan is what shall happen to one request. Its zero value leaves the request alone.
type Plan struct {
	Main  Rule          // kind "" = none
	Delay time.Duration // wait before the answer
	Skew  time.Duration // added to the Date header
	Names []string      // kinds that fired, for the log
}

func (p *Plan) take(r Rule) {
	p.Names = append(p.Names, string(r.Kind))
	switch r.Kind {
	case Slow:
		p.Delay += time.Duration(r.DelayMS) * time.Millisecond
	case ClockSkew:
		p.Skew += time.Duration(r.SkewSeconds) * time.Second
	default:
		p.Main = r
	}
}

// Is tells whether the plan's main fault is of the kind.
func (p Plan) Is(k Kind) bool { return p.Main.Kind == k }

// View is the part of a listing that one answer shows: records [From, To) of the whole, and where the next page starts.
type View struct {
	From, To int
	Next     int    // -1: no next page
	Same     bool   // next must be the very cursor of this request
	Salt     string // to be mixed into next, so that the same position gets another cursor
	Total    int    // the total to report where the format has one
}

// Page cuts a page of at most limit records at offset out of total, bent by the plan's listing fault if it has one.
func (p Plan) Page(total, offset, limit int) View {
	switch p.Main.Kind {
	case EmptyList, LostRole:
		total = 0
	case Half:
		total = (total + 1) / 2
	case DropPage:
		offset += limit
	}
	v := plain(total, offset, limit)
	switch p.Main.Kind {
	case EmptyPage:
		v.To = v.From
	case DuplicatePage:
		v.Next, v.Salt = v.From, "again"
	case RepeatCursor:
		v.Next, v.Same = v.From, true
	}
	return v
}

func plain(total, offset, limit int) View {
	from := min(max(offset, 0), total)
	v := View{From: from, To: min(from+limit, total), Next: -1, Total: total}
	if v.To < total {
		v.Next = v.To
	}
	return v
}
