package wire_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"syncgateway/sdk"
)

type settings struct {
	Mode  string `json:"mode"`
	Token string `json:"token"`
	Users int    `json:"users"`
}

type sampleSource struct{ settings }

func (s *sampleSource) Configure(_ context.Context, c settings) error {
	s.settings = c
	if c.Mode == "refused" {
		return errors.Join(sdk.At("mode").Code("sample.mode").Errorf("must not be %q\nUse plain.", c.Mode),
			sdk.At(`retry[1].every`).Warnf("is long, says %s", c.Token))
	}
	return nil
}

func (s *sampleSource) Check(ctx context.Context, steps sdk.Steps) {
	steps.Run("authenticate", func() error { steps.Detailf("as %s", s.Token); return nil })
	steps.Run("users", func() error { return sdk.Denied("the token may not list users: add the scope people:read") }, "authenticate")
	steps.Run("groups", func() error { return nil }, "authenticate")
	steps.Run("members", func() error { return nil }, "users", "groups")
}

func (s *sampleSource) ReadUsers(ctx context.Context, p sdk.PageRequest) (sdk.Page[sdk.User], error) {
	at, _ := strconv.Atoi(p.Cursor)
	page := sdk.Page[sdk.User]{Total: new(uint64(s.Users))}
	for i := at; i < min(at+p.Size, s.Users); i++ {
		u := sdk.User{ID: fmt.Sprint("u", i), Username: "n", Active: true}
		u.Attributes.Set("z", "1", "")
		u.Attributes.Set("a", "2")
		page.Items = append(page.Items, u)
	}
	if next := at + p.Size; next < s.Users {
		page.Next = strconv.Itoa(next)
	}
	switch {
	case s.Mode == "circle":
		page.Next = "0"
	case s.Mode == "fails" && at > 0:
		return page, sdk.RateLimited(time.Minute, "slow down, %s", s.Token)
	case s.Mode == "panics":
		panic("with " + s.Token)
	}
	return page, nil
}

func (s *sampleSource) ReadGroups(context.Context, sdk.PageRequest) (sdk.Page[sdk.Group], error) {
	big := make([]string, 30000)
	for i := range big {
		big[i] = fmt.Sprintf("user-%032d", i)
	}
	return sdk.Page[sdk.Group]{Items: []sdk.Group{{ID: "g1", Name: "big", UserIDs: big}, {ID: "g2", Name: "small", ChildIDs: []string{"g1"}}}}, nil
}

type wrongSource struct{ sampleSource }

func (wrongSource) ReadUsers(context.Context, string) ([]sdk.User, error) { return nil, nil }
func (wrongSource) Configure(context.Context, settings) error             { return nil }
func (wrongSource) Check(context.Context, sdk.Steps)                      {}

type sampleTarget struct{ settings }

func (t *sampleTarget) Configure(_ context.Context, c settings) error { t.settings = c; return nil }
func (t *sampleTarget) Check(context.Context, sdk.Steps)              {}

func (t *sampleTarget) ReadState(_ context.Context, req sdk.StateRequest, w *sdk.StateWriter) error {
	if req.Targeted() {
		return w.Complete(nil)
	}
	return errors.Join(w.AddUsers(sdk.User{ID: "1"}), w.AddGroups(sdk.Group{ID: "g", UserIDs: []string{"1"}}), w.Protect("1", "own account"),
		w.Quota(sdk.Quota{Name: "seats", Total: 5, Used: 2, GroupIDs: []string{"g"}}), w.Complete(new(uint64(2))))
}

func (t *sampleTarget) ApplyOne(_ context.Context, op sdk.Operation) (sdk.Result, error) {
	switch op.ID {
	case "refused":
		return sdk.Result{RemoteStatus: "409"}, sdk.Conflict("taken")
	case "panics":
		panic("boom")
	case "member":
		return sdk.Result{RemoteStatus: op.Member.GroupID + "/" + op.Member.UserID}, nil
	}
	return sdk.Applied("id-" + op.ID), nil
}

type sampleListener struct{ settings }

func (l *sampleListener) Configure(_ context.Context, c settings) error { l.settings = c; return nil }
func (l *sampleListener) Check(context.Context, sdk.Steps)              {}

// Listen serves POST (put) and GET (get) by id; /slow waits until the listener drains.
func (l *sampleListener) Listen(ctx context.Context, d sdk.Directory, listener net.Listener, publicURL string) error {
	return sdk.ServeHTTP(ctx, listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := strings.TrimPrefix(r.URL.Path, "/")
		if id == "slow" {
			_, _ = d.Get(r.Context(), "user", "started")
			<-ctx.Done()
		}
		var e sdk.Entry
		var err error
		if r.Method == http.MethodPost {
			e, err = d.Put(r.Context(), sdk.Entry{User: &sdk.User{ID: id}, Document: []byte("{}")}, "")
		} else {
			e, err = d.Get(r.Context(), "user", id)
		}
		if sdk.Is(err, sdk.ReasonNotFound) {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		fmt.Fprintf(w, "%s/%s@%s", publicURL, e.User.ID, e.Version)
	}))
}
