package conformance

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/conformance/internal/plug"
	"syncgateway/sdk/conformance/internal/proxy"
)

func lookupChecks() []check {
	const needs = needConfig | needRemote | needLookup
	return []check{
		{id: "source.lookup", role: roleSource, needs: needs, title: "Lookup shows the same person, in the same groups, as a read",
			look: "where Lookup takes its record from, and the groups it adds: the gateway compares it with what was read", run: lookupEqualsRead},
		{id: "source.lookup-nobody", role: roleSource, needs: needs, title: "Lookup of somebody who is not there answers NOT_FOUND",
			look: "the remote system's answer to an unknown id or name: only NOT_FOUND is a witness that somebody is gone", run: lookupNobody},
		{id: "source.lookup-trouble", role: roleSource, needs: needs | needProxy, slow: true, title: "Trouble in a lookup is never NOT_FOUND",
			look: "errors of a lookup: people are removed on the word of NOT_FOUND, so that nothing else may become it", run: lookupTrouble},
	}
}

// lookup asks for one record.
func lookup(ctx context.Context, s *plug.Session, q *pb.LookupRequest) (*pb.Found, *pb.Failure, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	resp, err := pb.NewSourceServiceClient(s.Conn).Lookup(ctx, q)
	if err != nil {
		return nil, nil, fmt.Errorf("the lookup of %v ended with a gRPC status, which means that the connector is broken: %w", q, err)
	}
	if resp.GetFound() == nil && resp.GetFailure() == nil {
		return nil, nil, fmt.Errorf("the lookup of %v has neither a record nor a failure", q)
	}
	return resp.GetFound(), resp.GetFailure(), nil
}

func byID(id string) *pb.LookupRequest {
	return &pb.LookupRequest{By: &pb.LookupRequest_Id{Id: id}}
}

// ways are the requests that find a user.
func ways(u *User) []*pb.LookupRequest {
	out := []*pb.LookupRequest{byID(u.ID)}
	if u.Username != "" {
		out = append(out, &pb.LookupRequest{By: &pb.LookupRequest_Username{Username: u.Username}})
	}
	if u.Email != "" {
		out = append(out, &pb.LookupRequest{By: &pb.LookupRequest_Email{Email: u.Email}})
	}
	return out
}

func lookupEqualsRead(ctx context.Context, b *bench) error {
	w, err := b.seed(ctx, cast)
	if err != nil {
		return err
	}
	s, err := b.connector(ctx)
	if err != nil {
		return err
	}
	var wrong []error
	for _, name := range []string{"user0001", unicodeUser, caseUser, spacesUser, inactive, mailless} {
		u := w.user(name)
		if u == nil {
			continue
		}
		for _, q := range ways(u) {
			found, failure, err := lookup(ctx, s, q)
			switch {
			case err != nil:
				return err
			case failure != nil:
				wrong = append(wrong, fmt.Errorf("the lookup of %v fails: %s (%s)", q, failure.GetMessage(), failure.GetReason()))
			default:
				wrong = append(wrong, w.found(u, found, q))
			}
		}
	}
	for i := range w.state.Groups {
		wrong = append(wrong, groupFound(ctx, s, &w.state.Groups[i]))
	}
	return errors.Join(wrong...)
}

// found compares what a lookup found with what the fake holds.
func (w *world) found(u *User, f *pb.Found, q *pb.LookupRequest) error {
	if f.GetUser().GetId() != u.ID {
		return fmt.Errorf("the lookup of %v finds %q, not %q", q, f.GetUser().GetId(), u.ID)
	}
	if text := differs(u, f.GetUser()); text != "" {
		return fmt.Errorf("the lookup of %v: %s", q, text)
	}
	var want, got []string
	for _, g := range w.state.Groups {
		if contains(g.Users, u.ID) {
			want = append(want, g.ID)
		}
	}
	for _, g := range f.GetGroups() {
		got = append(got, g.GetId())
	}
	return sameSet(fmt.Sprintf("groups in the lookup of %v", q), want, got)
}

func groupFound(ctx context.Context, s *plug.Session, g *Group) error {
	found, failure, err := lookup(ctx, s, &pb.LookupRequest{By: &pb.LookupRequest_GroupId{GroupId: g.ID}})
	switch {
	case err != nil:
		return err
	case failure.GetReason() == pb.Failure_REASON_UNSUPPORTED:
		return nil
	case failure != nil:
		return fmt.Errorf("the lookup of group %q fails: %s (%s)", g.Name, failure.GetMessage(), failure.GetReason())
	case len(found.GetGroups()) != 1 || found.GetGroups()[0].GetId() != g.ID || found.GetGroups()[0].GetName() != g.Name:
		return fmt.Errorf("the lookup of group %q finds %v", g.Name, found.GetGroups())
	}
	return nil
}

func lookupNobody(ctx context.Context, b *bench) error {
	if _, err := b.seed(ctx, cast); err != nil {
		return err
	}
	s, err := b.connector(ctx)
	if err != nil {
		return err
	}
	nobody := User{ID: "kitnobody00000000000", Username: "kitnobody" + domain, Email: "kitnobody" + domain}
	for _, q := range ways(&nobody) {
		found, failure, err := lookup(ctx, s, q)
		switch {
		case err != nil:
			return err
		case found != nil:
			return fmt.Errorf("the lookup of %v finds %q, who is somebody else", q, found.GetUser().GetId())
		case failure.GetReason() != pb.Failure_REASON_NOT_FOUND:
			return fmt.Errorf("the lookup of %v is answered with %s: %s", q, failure.GetReason(), failure.GetMessage())
		}
	}
	return nil
}

func lookupTrouble(ctx context.Context, b *bench) error {
	w, err := b.seed(ctx, cast)
	if err != nil {
		return err
	}
	s, err := b.connector(ctx)
	if err != nil {
		return err
	}
	for _, f := range []*proxy.Fault{
		{Kind: proxy.Status, Status: http.StatusUnauthorized}, {Kind: proxy.Status, Status: http.StatusForbidden}, {Kind: proxy.Status, Status: http.StatusInternalServerError},
		{Kind: proxy.Say, Body: `{}`}, {Kind: proxy.Say, Body: `null`}, {Kind: proxy.Say, Body: `<html>Sign in</html>`},
	} {
		b.misbehave(f)
		if err := notFoundBy(ctx, s, ways(w.user("user0001"))); err != nil {
			return fmt.Errorf("every request was answered with %d %s, and %w", f.Status, f.Body, err)
		}
		if err := fired(f); err != nil {
			return err
		}
	}
	return nil
}

// notFoundBy asks in several ways at once, and is an error when one of them finds
// somebody or says that they are not there.
func notFoundBy(ctx context.Context, s *plug.Session, ways []*pb.LookupRequest) error {
	ended := make(chan error, len(ways))
	for _, q := range ways {
		go func() {
			found, failure, err := lookup(ctx, s, q)
			switch {
			case found != nil:
				err = fmt.Errorf("the lookup of %v finds somebody", q)
			case failure.GetReason() == pb.Failure_REASON_NOT_FOUND:
				err = fmt.Errorf("the lookup of %v says NOT_FOUND", q)
			}
			ended <- err
		}()
	}
	var all []error
	for range ways {
		all = append(all, <-ended)
	}
	return errors.Join(all...)
}
