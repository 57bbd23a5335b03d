package pluginhost

import (
	"context"
	"errors"
	"fmt"

	"syncgateway/core/identity"
	"syncgateway/core/pluginhost/internal/convert"
	pb "syncgateway/proto/gateway/plugin/v1"
)

// ReadUsers reads a source's users. The error is a *BrokenPlugin, the sink's, or the
// context's; what the remote system refused is in the End.
func (p *Plugin) ReadUsers(ctx context.Context, o ReadOptions, sink UserSink) (End, error) {
	var records []UserRecord
	r := &reader{p: p, sink: sink, checkpoint: sink.Checkpoint, event: func() event { return &pb.ReadUsersResponse{} }}
	r.page = func(ctx context.Context, parts *convert.Page) (n int, err error) {
		var page UserPage
		if records, err = users(records, parts[1]); err != nil {
			return 0, err
		}
		page.Users = records
		if page.Removed, err = removed(o, parts[2]); err != nil {
			return 0, err
		}
		return len(records), wrap(sink.Users(ctx, page))
	}
	req := &pb.ReadUsersRequest{Cursor: &pb.Cursor{Resume: o.Resume, Delta: o.Delta}, Attributes: o.Attributes, PageSize: uint32(o.PageSize)}
	return r.read(ctx, "read users", pb.SourceService_ReadUsers_FullMethodName, req)
}

// ReadGroups reads a source's groups and memberships. Errors are as of ReadUsers.
func (p *Plugin) ReadGroups(ctx context.Context, o ReadOptions, sink GroupSink) (End, error) {
	var records []GroupRecord
	var memberships []MembersRecord
	r := &reader{p: p, sink: sink, checkpoint: sink.Checkpoint, event: func() event { return &pb.ReadGroupsResponse{} }}
	r.page = func(ctx context.Context, parts *convert.Page) (n int, err error) {
		if records, err = groups(records, parts[1]); err != nil {
			return 0, err
		}
		if memberships, err = lists(memberships, parts[2]); err != nil {
			return 0, err
		}
		page, err := groupPage(o, parts)
		if err != nil {
			return 0, err
		}
		page.Groups, page.Members = records, memberships
		return len(records), wrap(sink.Groups(ctx, page))
	}
	req := &pb.ReadGroupsRequest{Cursor: &pb.Cursor{Resume: o.Resume, Delta: o.Delta}, Attributes: o.Attributes, PageSize: uint32(o.PageSize)}
	return r.read(ctx, "read groups", pb.SourceService_ReadGroups_FullMethodName, req)
}

func groupPage(o ReadOptions, parts *convert.Page) (page GroupPage, err error) {
	if page.Removed, err = removed(o, parts[3]); err != nil {
		return page, err
	}
	if page.RemovedMembers, err = members(parts[4]); err != nil {
		return page, err
	}
	if page.Replaced, err = removed(o, parts[5]); err != nil {
		return page, err
	}
	if len(o.Delta) == 0 && len(page.RemovedMembers) > 0 {
		return page, errChangesInFullRead
	}
	return page, nil
}

var errChangesInFullRead = errors.New("it sent changes in a read that asked for everything")

// removed decodes ids that only a delta read may send.
func removed(o ReadOptions, list [][]byte) ([]string, error) {
	if len(list) == 0 {
		return nil, nil
	}
	if len(o.Delta) == 0 {
		return nil, errChangesInFullRead
	}
	ids, err := convert.IDs(list)
	if err != nil {
		return nil, fmt.Errorf("it sent an id that is not well formed: %w", err)
	}
	return ids, nil
}

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return &sinkError{err}
}

// ReadState reads a target. Errors are as of ReadUsers.
func (p *Plugin) ReadState(ctx context.Context, o StateOptions, sink StateSink) (End, error) {
	var userRecords []UserRecord
	var groupRecords []GroupRecord
	var memberships []MembersRecord
	r := &reader{p: p, sink: sink, event: func() event { return &pb.ReadStateResponse{} }}
	r.page = func(ctx context.Context, parts *convert.Page) (n int, err error) {
		if userRecords, err = users(userRecords, parts[1]); err != nil {
			return 0, err
		}
		if groupRecords, err = groups(groupRecords, parts[2]); err != nil {
			return 0, err
		}
		if memberships, err = lists(memberships, parts[3]); err != nil {
			return 0, err
		}
		page, err := p.statePage(parts)
		if err != nil {
			return 0, err
		}
		page.Users, page.Groups, page.Members = userRecords, groupRecords, memberships
		return len(userRecords) + len(groupRecords), wrap(sink.State(ctx, page))
	}
	req := &pb.ReadStateRequest{Kinds: o.Kinds, UserIds: o.UserIDs, GroupNames: o.GroupNames, Emails: o.Emails,
		GroupIds: o.GroupIDs, PageSize: uint32(o.PageSize)}
	return r.read(ctx, "read the target", pb.TargetService_ReadState_FullMethodName, req)
}

func (p *Plugin) statePage(parts *convert.Page) (page StatePage, err error) {
	for _, raw := range parts[4] {
		x, err := convert.Message[pb.ProtectedUser](raw)
		if err != nil || x.GetUserId() == "" {
			return page, fmt.Errorf("it sent a protected account that is not well formed: %w", err)
		}
		page.Protected = append(page.Protected, Protected{UserID: x.GetUserId(), Reason: p.clean(x.GetReason())})
	}
	for _, raw := range parts[5] {
		x, err := convert.Message[pb.Quota](raw)
		if err != nil {
			return page, fmt.Errorf("it sent a quota that is not well formed: %w", err)
		}
		page.Quotas = append(page.Quotas, Quota{Name: p.clean(x.GetName()), Total: x.GetTotal(), Used: x.GetUsed(),
			Unlimited: x.GetUnlimited(), GroupIDs: x.GetGroupIds(), NewUsers: x.GetNewUsers()})
	}
	return page, nil
}

// Lookup asks a source for one record. The error is a *Failure when the remote system
// answered with one (see NotFound), a *BrokenPlugin, or the context's.
func (p *Plugin) Lookup(ctx context.Context, by LookupBy) (Found, error) {
	s, err := p.ready(ctx)
	if err != nil {
		return Found{}, err
	}
	m, err := pb.NewSourceServiceClient(s.conn).Lookup(ctx, by.message())
	if err != nil {
		return Found{}, p.broken(ctx, s, "look up", err)
	}
	if f := m.GetFailure(); f != nil {
		return Found{}, p.failure(f)
	}
	found, err := foundOf(m.GetFound(), by)
	if err != nil {
		return Found{}, p.broken(ctx, s, "look up", err)
	}
	return found, nil
}

func (by LookupBy) message() *pb.LookupRequest {
	switch {
	case by.GroupID != "":
		return &pb.LookupRequest{By: &pb.LookupRequest_GroupId{GroupId: by.GroupID}}
	case by.Username != "":
		return &pb.LookupRequest{By: &pb.LookupRequest_Username{Username: by.Username}}
	case by.Email != "":
		return &pb.LookupRequest{By: &pb.LookupRequest_Email{Email: by.Email}}
	}
	return &pb.LookupRequest{By: &pb.LookupRequest_Id{Id: by.ID}}
}

// foundOf holds an answer to its question: a user with another id than the one asked
// for would be a witness for somebody else.
func foundOf(m *pb.Found, by LookupBy) (found Found, err error) {
	for _, g := range m.GetGroups() {
		group, err := convert.FromGroup(g)
		if err != nil {
			return found, err
		}
		found.Groups = append(found.Groups, group)
	}
	if by.GroupID != "" {
		if len(found.Groups) != 1 || found.Groups[0].ID != by.GroupID {
			return found, errors.New("it answered with another group than the one asked for")
		}
		found.Children, found.Nested = m.GetChildren().GetGroupIds(), m.GetChildren() != nil
		return found, nil
	}
	if m.GetUser() == nil {
		return found, errors.New("it found nobody and did not say so")
	}
	if found.User, err = convert.FromUser(m.GetUser()); err != nil {
		return found, err
	}
	if by.ID != "" && found.User.ID != by.ID {
		return found, fmt.Errorf("it answered with %q, and %q was asked for", identity.Visible(found.User.ID, 80), identity.Visible(by.ID, 80))
	}
	return found, nil
}
