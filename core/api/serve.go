package api

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/user"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"syncgateway/core/schedule"
	"syncgateway/core/store"
)

//go:embed openapi.json
var openAPI []byte

// drainFor is how long requests may go on after the daemon was asked to end.
const drainFor = 10 * time.Second

// listenersReady is how long the front door waits for its listeners.
const listenersReady = 15 * time.Second

// Serve runs the daemon until ctx ends: the API on the unix socket, what may face a
// network on the listen address, and the syncs by their schedules. ready is called
// when everything answers.
func Serve(ctx context.Context, s *Service, ready func(socket, listen string)) error {
	s.Daemon = true
	plan, err := s.schedule()
	if err != nil {
		return err
	}
	s.Schedule = plan
	g := s.Gateway.Config.Gateway
	socket, err := listenSocket(g.Socket, g.SocketGroup)
	if err != nil {
		return err
	}
	defer os.Remove(g.Socket)
	front, err := s.openFront(ctx)
	if err != nil {
		return errors.Join(err, socket.Close())
	}
	servers := []*server{{l: socket, http: newServer(s.Handler())}}
	if front != nil {
		g.Listen = front.address
		defer front.door.Close()
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, x := range servers {
		group.Go(func() error { return x.run(ctx) })
	}
	if front != nil {
		// Who connects before the listeners serve waits, rather than being sent away.
		listening := make(chan struct{})
		group.Go(func() error { return s.Gateway.Listen(ctx, front.listeners, s.pushed, func() { close(listening) }) })
		select {
		case <-listening:
		case <-ctx.Done():
		case <-time.After(listenersReady):
		}
		group.Go(func() error { return front.server.run(ctx) })
	}
	group.Go(func() error { plan.Run(ctx); return nil })
	group.Go(func() error { return s.prune(ctx) })
	group.Go(func() error { return s.flushTokens(ctx) })
	ready(g.Socket, g.Listen)
	return group.Wait()
}

// schedule prepares the syncs' schedules. A run's errors are logged and stored with
// the run; the daemon goes on.
func (s *Service) schedule() (*schedule.Schedule, error) {
	var entries []schedule.Entry
	for _, c := range s.Gateway.Config.Syncs {
		entries = append(entries, schedule.Entry{Name: c.Name, Every: c.Schedule.Every, Cron: c.Schedule.Cron})
	}
	return schedule.New(entries, func(ctx context.Context, name string, t schedule.Trigger) {
		s.logRun(name, t)(s.Run(ctx, RunRequest{Sync: name, Apply: true, Who: "schedule"}, string(t)))
	})
}

// logRun writes how a run of the daemon went.
func (s *Service) logRun(name string, t schedule.Trigger) func(*RunAnswer, error) {
	log := s.Gateway.Log.With("sync", name, "trigger", string(t))
	return func(answer *RunAnswer, err error) {
		if err != nil {
			log.Error("the run failed", "error", s.Gateway.Redact.String(err.Error()))
			return
		}
		for _, doubt := range answer.Report.Doubts() {
			log.Warn("nothing was taken away", "because", doubt)
		}
		for _, trip := range answer.Report.Verdict.Trips {
			log.Warn("held", "limit", trip.Setting, "because", trip.Message, "release", trip.Release)
		}
		log.Info("run ended", "run", answer.Report.Run.ID, "state", answer.Report.Run.State, "summary", answer.Report.Run.Summary)
	}
}

// What happened is kept for a while, and forgotten once a day.
const (
	historyLasts = 180 * 24 * time.Hour
	pruneEvery   = 24 * time.Hour
)

// prune forgets old history until ctx ends.
func (s *Service) prune(ctx context.Context) error {
	for {
		err := s.Gateway.Store.Update(ctx, func(tx store.Tx) error { return tx.Prune(time.Now().Add(-historyLasts)) })
		if err != nil && ctx.Err() == nil {
			s.Gateway.Log.Error("old history could not be forgotten", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pruneEvery):
		}
	}
}

// listenSocket takes the place of a socket that a crashed daemon left: the data
// directory is locked, so nobody answers there. Members of the group may use it too.
func listenSocket(path, group string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("take the socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen on the socket %s: %w", path, err)
	}
	// The data directory is 0700 already; this holds for a socket elsewhere.
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	if group != "" {
		if err := share(path, group); err != nil {
			return nil, errors.Join(fmt.Errorf("let the group %s use the socket: %w", group, err), l.Close())
		}
	}
	return l, nil
}

// share lets the members of a group use the socket.
func share(path, group string) error {
	g, err := user.LookupGroup(group)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(g.Gid)
	if err != nil {
		return err
	}
	if err := os.Chown(path, -1, gid); err != nil {
		return err
	}
	return os.Chmod(path, 0o660)
}

type server struct {
	l    net.Listener
	http *http.Server
	tls  bool
}

func newServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ConnContext: withPeer, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
}

// run serves until ctx ends, then lets requests finish.
func (x *server) run(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() {
		if x.tls {
			failed <- x.http.ServeTLS(x.l, "", "") // the configuration has the certificate
			return
		}
		failed <- x.http.Serve(x.l)
	}()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainFor)
	defer cancel()
	err := x.http.Shutdown(drain)
	<-failed
	return err
}
