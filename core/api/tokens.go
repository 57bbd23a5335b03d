package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"syncgateway/core/identity"
	"syncgateway/core/store"
	"syncgateway/core/token"
)

// TokenRequest makes a token for a source that is pushed to, or with Revoke ends one.
// Over a socket Who is the user at its other end.
type TokenRequest struct {
	Source string `json:"source"` // "idp" or "source.scim.idp"
	Name   string `json:"name,omitempty"`
	Scope  string `json:"scope,omitempty"`
	Lasts  string `json:"lasts,omitempty"` // "2160h"; empty: for ever
	Who    string `json:"who,omitempty"`
	Revoke string `json:"revoke,omitempty"` // id or name
}

// TokenView is a token without what makes it one.
type TokenView struct {
	ID       string    `json:"id"`
	Source   string    `json:"source"`
	Name     string    `json:"name"`
	Scope    string    `json:"scope,omitempty"`
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires,omitzero"`
	LastUsed time.Time `json:"last_used,omitzero"`
	Revoked  time.Time `json:"revoked,omitzero"`
	InUse    bool      `json:"in_use"`
}

// TokenAnswer is a token that was made or ended. Text is there once, when it was made.
type TokenAnswer struct {
	Token TokenView `json:"token"`
	Text  string    `json:"text,omitempty"`
	URL   string    `json:"url,omitempty"` // what to paste beside it
}

func (q *TokenRequest) sign(who string) { q.Who = who }

func viewToken(t *store.Token) TokenView {
	return TokenView{ID: t.ID, Source: t.Source, Name: t.Name, Scope: t.Scope, Created: t.Created, Expires: t.Expires, LastUsed: t.LastUsed,
		Revoked: t.Revoked, InUse: token.InUse(t, time.Now())}
}

// source finds the block a token is for.
func (s *Service) pushSource(ctx context.Context, name string) (ref, base string, err error) {
	listeners, err := s.Gateway.Listeners(ctx)
	if err != nil {
		return "", "", err
	}
	var names []string
	for _, l := range listeners {
		if l.Block.Name == name || l.Block.Ref() == name {
			return l.Block.Ref(), l.PublicURL, nil
		}
		names = append(names, l.Block.Name)
	}
	return "", "", &Error{Status: http.StatusNotFound, Code: CodeUsage, Message: fmt.Sprintf("there is no source %q that is pushed to; there are: %s",
		identity.Visible(name, 60), strings.Join(names, ", "))}
}

// Token makes or ends a token.
func (s *Service) Token(ctx context.Context, q TokenRequest) (*TokenAnswer, error) {
	ref, base, err := s.pushSource(ctx, q.Source)
	if err != nil {
		return nil, s.fault(err)
	}
	if q.Revoke != "" {
		t, err := s.Gateway.Tokens.Revoke(ctx, ref, q.Revoke, q.Who)
		if err != nil {
			return nil, s.tokenFault(err)
		}
		return &TokenAnswer{Token: viewToken(&t)}, nil
	}
	lasts := time.Duration(0)
	if q.Lasts != "" {
		if lasts, err = time.ParseDuration(q.Lasts); err != nil || lasts <= 0 {
			return nil, &Error{Status: http.StatusBadRequest, Code: CodeUsage, Message: fmt.Sprintf("%q is not a length of time such as 2160h", identity.Visible(q.Lasts, 40))}
		}
	}
	text, t, err := s.Gateway.Tokens.Create(ctx, token.New{Source: ref, Name: q.Name, Scope: q.Scope, Lasts: lasts, Who: q.Who})
	if err != nil {
		return nil, s.tokenFault(err)
	}
	return &TokenAnswer{Token: viewToken(&t), Text: text, URL: base}, nil
}

func (s *Service) tokenFault(err error) error {
	switch {
	case errors.Is(err, token.ErrUnknown):
		return &Error{Status: http.StatusNotFound, Code: CodeNotFound, Message: err.Error()}
	case errors.Is(err, token.ErrTooMany):
		return &Error{Status: http.StatusConflict, Code: CodeUsage, Message: err.Error()}
	}
	return s.fault(err)
}

// Tokens lists tokens, of one source or of all.
func (s *Service) Tokens(ctx context.Context, source string) ([]TokenView, error) {
	ref := ""
	if source != "" {
		var err error
		if ref, _, err = s.pushSource(ctx, source); err != nil {
			return nil, s.fault(err)
		}
	}
	all, err := s.Gateway.Tokens.List(ctx, ref)
	if err != nil {
		return nil, s.fault(err)
	}
	out := []TokenView{}
	for i := range all {
		out = append(out, viewToken(&all[i]))
	}
	return out, nil
}

// warnings are the days before its end from which on a token is warned of, again and
// again.
var warnings = []int{30, 14, 7, 1}

// nearness is the last of the warnings whose day has come, 0 while none has.
func nearness(t *TokenView, now time.Time) (days int) {
	if !t.InUse || t.Expires.IsZero() {
		return 0
	}
	for _, d := range warnings {
		if t.Expires.Sub(now) <= time.Duration(d)*24*time.Hour {
			days = d
		}
	}
	return days
}

// expiry says that a token ends, and what to do.
func expiry(t *TokenView, now time.Time) string {
	source := t.Source[strings.LastIndexByte(t.Source, '.')+1:]
	return fmt.Sprintf("token %q of %s ends in %d days, on %s: make the next one (gateway tokens create %s), give it to the identity provider, and revoke this one",
		t.Name, t.Source, int(t.Expires.Sub(now).Hours()/24), t.Expires.Format(time.DateOnly), source)
}

// warnOfTokens logs every warning once; warned is what was warned of already, by id.
func (s *Service) warnOfTokens(ctx context.Context, warned map[string]int) error {
	all, err := s.Tokens(ctx, "")
	now := time.Now()
	for i := range all {
		if d := nearness(&all[i], now); d != 0 && d != warned[all[i].ID] {
			warned[all[i].ID] = d
			s.Gateway.Log.Warn(expiry(&all[i], now))
		}
	}
	return err
}

// Token makes or ends a token.
func (c *Client) Token(ctx context.Context, q TokenRequest) (*TokenAnswer, error) {
	var a TokenAnswer
	return &a, c.call(ctx, http.MethodPost, "/v1/tokens", q, &a)
}

// Tokens lists tokens.
func (c *Client) Tokens(ctx context.Context, source string) ([]TokenView, error) {
	var a []TokenView
	return a, c.call(ctx, http.MethodGet, "/v1/tokens?"+url.Values{"source": {source}}.Encode(), nil, &a)
}
