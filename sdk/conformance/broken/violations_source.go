package main

import (
	"slices"
	"strings"

	pb "syncgateway/proto/gateway/plugin/v1"
)

// ofUsers changes the users of full reads by the name before the @.
func ofUsers(name string, change func(*pb.User)) *violation {
	return reads(func(m any) {
		for _, u := range usersOf(m) {
			if strings.HasPrefix(strings.ToLower(u.GetUsername()), name) {
				change(u)
			}
		}
	})
}

// withoutUsers leaves users out of a read of users.
func withoutUsers(drop func(*pb.User) bool) *violation {
	return reads(func(m any) {
		if r, ok := m.(*pb.ReadUsersResponse); ok && r.GetPage() != nil {
			r.GetPage().Users = slices.DeleteFunc(r.GetPage().Users, drop)
		}
	})
}

// ofMembers changes the memberships that a read of groups sends.
func ofMembers(change func(p *pb.GroupPage)) *violation {
	return reads(func(m any) {
		if r, ok := m.(*pb.ReadGroupsResponse); ok && r.GetPage() != nil {
			change(r.GetPage())
		}
	})
}

// askedFor bends a read by what was asked for.
func askedFor(wanted func(*pb.Cursor) bool, bend func(m any) any) *violation {
	return &violation{stream: func() *bent {
		bending := false
		return &bent{
			received: func(m any) {
				switch q := m.(type) {
				case *pb.ReadUsersRequest:
					bending = wanted(q.GetCursor())
				case *pb.ReadGroupsRequest:
					bending = wanted(q.GetCursor())
				}
			},
			sends: func(m any, send func(any) error) error {
				if bending {
					m = bend(m)
				}
				return send(m)
			},
		}
	}}
}

// refusing makes a Failure of a Reset.
func refusing(m any) any {
	f := &pb.Failure{Reason: pb.Failure_REASON_INVALID, Message: "the cursor is no good"}
	switch r := m.(type) {
	case *pb.ReadUsersResponse:
		if r.GetReset_() != nil {
			return &pb.ReadUsersResponse{Event: &pb.ReadUsersResponse_Failure{Failure: f}}
		}
	case *pb.ReadGroupsResponse:
		if r.GetReset_() != nil {
			return &pb.ReadGroupsResponse{Event: &pb.ReadGroupsResponse_Failure{Failure: f}}
		}
	}
	return m
}

func madeUp(c *pb.Cursor) bool { return strings.Contains(string(c.GetDelta()), "made up") }

// inDelta bends the pages of delta reads.
func inDelta(users func(*pb.UserPage), groups func(*pb.GroupPage)) *violation {
	return askedFor(func(c *pb.Cursor) bool { return len(c.GetDelta()) > 0 }, func(m any) any {
		switch r := m.(type) {
		case *pb.ReadUsersResponse:
			if r.GetPage() != nil && users != nil {
				users(r.GetPage())
			}
		case *pb.ReadGroupsResponse:
			if r.GetPage() != nil && groups != nil {
				groups(r.GetPage())
			}
		}
		return m
	})
}

// forgets leaves users out of delta reads.
func forgets(drop func(*pb.User) bool) *violation {
	return inDelta(func(p *pb.UserPage) { p.Users = slices.DeleteFunc(p.Users, drop) }, nil)
}

// ofLookup changes what a lookup answers.
func ofLookup(change func(*pb.LookupResponse)) *violation {
	return &violation{unary: func(_ any, ask func() (any, error)) (any, error) {
		out, err := ask()
		if r, ok := out.(*pb.LookupResponse); ok {
			change(r)
		}
		return out, err
	}}
}

// resumesLate skips the first record after a checkpoint.
func resumesLate() *violation {
	first := func(c *pb.Cursor) bool { return len(c.GetResume()) > 0 }
	return askedFor(first, func(m any) any {
		if r, ok := m.(*pb.ReadUsersResponse); ok && len(r.GetPage().GetUsers()) > 0 {
			r.GetPage().Users = r.GetPage().Users[1:]
		}
		return m
	})
}

var ofSource = map[string]*violation{
	"source.inactive": withoutUsers(func(u *pb.User) bool { return strings.HasPrefix(u.GetUsername(), "inactive@") }),
	"source.unicode": ofUsers("zoë", func(u *pb.User) {
		u.DisplayName = strings.Map(func(r rune) rune {
			if r > 0x7f {
				return '?'
			}
			return r
		}, u.DisplayName)
	}),
	"source.case":          ofUsers("mixed.case", func(u *pb.User) { u.Email = strings.ToLower(u.Email) }),
	"source.spaces":        ofUsers("o'spaces", func(u *pb.User) { u.DisplayName = strings.Join(strings.Fields(u.DisplayName), " ") }),
	"source.long":          ofUsers("llll", func(u *pb.User) { u.DisplayName = u.DisplayName[:64] }),
	"source.no-email":      ofUsers("mailless", func(u *pb.User) { u.Email = u.Username }),
	"source.nested-groups": ofMembers(func(p *pb.GroupPage) { childless(p.Members) }),
	"source.big-group": ofMembers(func(p *pb.GroupPage) {
		for _, m := range p.Members {
			m.UserIds = m.UserIds[:min(len(m.UserIds), smallest)]
		}
	}),
	"source.resume":          resumesLate(),
	"source.unusable-cursor": askedFor(madeUp, refusing),
	"source.delta-expired":   askedFor(func(c *pb.Cursor) bool { return !madeUp(c) }, refusing),
	"source.delta-create":    forgets(func(u *pb.User) bool { return u.GetId() == "user7777" }),
	"source.delta-change":    forgets(func(u *pb.User) bool { return u.GetFamilyName() == "Renamed" }),
	"source.delta-deactivate": forgets(func(u *pb.User) bool {
		return !u.GetActive()
	}),
	"source.delta-delete":     inDelta(func(p *pb.UserPage) { p.RemovedIds = nil }, nil),
	"source.delta-membership": inDelta(nil, func(p *pb.GroupPage) { p.Members, p.ReplaceMembers = nil, nil }),
	"source.lookup": ofLookup(func(r *pb.LookupResponse) {
		if f := r.GetFound(); f.GetUser() != nil {
			f.Groups = nil
		}
	}),
	"source.lookup-nobody": ofLookup(func(r *pb.LookupResponse) {
		if f := r.GetFailure(); f.GetReason() == pb.Failure_REASON_NOT_FOUND {
			f.Reason = pb.Failure_REASON_UNAVAILABLE
		}
	}),
	"source.lookup-trouble": ofLookup(func(r *pb.LookupResponse) {
		if f := r.GetFailure(); f != nil {
			f.Reason = pb.Failure_REASON_NOT_FOUND
		}
	}),
}

func childless(list []*pb.Members) {
	for _, m := range list {
		m.ChildGroupIds = nil
	}
}
