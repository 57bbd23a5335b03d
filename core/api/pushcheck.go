package api

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"syncgateway/core/gateway"
	"syncgateway/core/ingress"
)

// pushSteps are what `gateway check` says of a source that is pushed to: what to paste
// into the identity provider, and what is in the way of its pushes.
func (s *Service) pushSteps(ctx context.Context, ref string) ([]CheckStep, error) {
	listeners, err := s.Gateway.Listeners(ctx)
	if err != nil {
		return nil, nil // a plugin that cannot be described says so when it is checked itself
	}
	for i := range listeners {
		if listeners[i].Block.Ref() == ref {
			return s.toPaste(ctx, &listeners[i])
		}
	}
	return nil, nil
}

func (s *Service) toPaste(ctx context.Context, l *gateway.Listener) ([]CheckStep, error) {
	ref := l.Block.Ref()
	if strings.HasPrefix(l.PublicURL, ingress.Prefix) {
		return []CheckStep{{Name: ref, Step: "address", Outcome: "failed", Detail: "gateway.listen is not set, so nobody can push"}}, nil
	}
	steps := []CheckStep{{Name: ref, Step: "paste as the address", Outcome: "passed", Detail: l.PublicURL}}
	if l.Block.Type == scimType {
		steps = []CheckStep{
			{Name: ref, Step: "paste as the base URL, for SCIM 2.0", Outcome: "passed", Detail: l.PublicURL + "/v2"},
			{Name: ref, Step: "or, for SCIM 1.1", Outcome: "passed", Detail: l.PublicURL + "/v1"},
		}
	}
	if u, err := url.Parse(l.PublicURL); err == nil && u.Scheme == "http" && !loopback(u.Hostname()) {
		steps = append(steps, CheckStep{Name: ref, Step: "transport", Outcome: "failed",
			Detail: "tokens and people would cross the network in the clear: set gateway.tls, or gateway.public_url to the https address of a proxy"})
	}
	if j := l.Block.Host.JWT; j != nil {
		steps = append(steps, CheckStep{Name: ref, Step: "or no token", Outcome: "passed", Detail: "those that " + j.Issuer + " issues for " + j.Audience + " are taken too"})
	}
	token, err := s.tokenStep(ctx, ref, l.Block.Name)
	return append(steps, token), err
}

// scimType is the plugin whose addresses have a version at their end.
const scimType = "scim"

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// tokenStep says which tokens a source has, or how to make one.
func (s *Service) tokenStep(ctx context.Context, ref, name string) (CheckStep, error) {
	step := CheckStep{Name: ref, Step: "paste as the token", Outcome: "passed", Detail: "make one: gateway tokens create " + name}
	all, err := s.Gateway.Tokens.List(ctx, ref)
	if err != nil {
		return step, err
	}
	var live []string
	for i := range all {
		t := viewToken(&all[i])
		if !t.InUse {
			continue
		}
		text := fmt.Sprintf("%q, never used", t.Name)
		if !t.LastUsed.IsZero() {
			text = fmt.Sprintf("%q, last used %s", t.Name, t.LastUsed.UTC().Format(time.DateOnly))
		}
		live = append(live, text)
	}
	if len(live) > 0 {
		step.Detail = "in use are " + strings.Join(live, "; ") + ". A text is shown once, when it is made; for another: gateway tokens create " + name
	}
	return step, nil
}
