package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"

	"syncgateway/core/diag"
	"syncgateway/core/engine"
	"syncgateway/core/gateway"
	"syncgateway/core/identity"
	"syncgateway/core/plan"
	"syncgateway/core/pluginhost"
	"syncgateway/core/schedule"
	"syncgateway/core/store"
)

// Service answers requests. The handlers are its only callers.
type Service struct {
	Gateway *gateway.Gateway
	Daemon  bool
	// Schedule runs the syncs; nil without a daemon.
	Schedule *schedule.Schedule

	settling sync.Mutex
	waiting  map[string]bool // sources whose pushes will wake their syncs
}

// Run runs a sync. An error carries the report when the run had begun.
func (s *Service) Run(ctx context.Context, q RunRequest, trigger string) (*RunAnswer, error) {
	o := engine.Options{Mode: q.Mode, User: q.User, Apply: q.Apply, Believe: q.Believe, Everyone: q.Everyone, Who: q.Who, Trigger: trigger}
	name := q.Sync
	if len(q.Plan) > 0 {
		p, err := plan.Decode(q.Plan)
		if err != nil {
			return nil, &Error{Status: http.StatusBadRequest, Code: CodeUsage, Message: err.Error()}
		}
		o.Exactly, o.Apply, name = p, true, p.Sync
	}
	if q.Undo != "" {
		var err error
		if name, o.Undo, err = s.undoes(ctx, q); err != nil {
			return nil, err
		}
	}
	if s.Gateway.Config.Sync(name) == nil {
		return nil, s.noSync(name)
	}
	if q.Mode != "" && q.Mode != engine.ModeFull && q.Mode != engine.ModeDelta {
		return nil, &Error{Status: http.StatusBadRequest, Code: CodeUsage, Message: fmt.Sprintf("there is no mode %q: full or delta", identity.Visible(q.Mode, 40))}
	}
	report, err := s.Gateway.Engine.Run(ctx, name, o)
	answer := &RunAnswer{}
	if report != nil {
		answer.Report, answer.Held = *report, report.Held()
		if report.Plan != nil && !q.Brief {
			answer.Plan = report.Plan.Packed()
		}
	}
	if err != nil {
		e := s.fault(err)
		if report != nil {
			e.Run = answer
		}
		return nil, e
	}
	return answer, nil
}

func (s *Service) noSync(name string) *Error {
	var names []string
	for _, x := range s.Gateway.Config.Syncs {
		names = append(names, x.Name)
	}
	return &Error{Status: http.StatusNotFound, Code: CodeUsage,
		Message: fmt.Sprintf("there is no sync %q; the configuration has: %s", identity.Visible(name, 60), strings.Join(names, ", "))}
}

// fault sorts an error into the documented classes.
func (s *Service) fault(err error) *Error {
	var e *Error
	var diags diag.Diagnostics
	switch {
	case errors.As(err, &e):
		return e
	case errors.As(err, &diags):
		views := s.Gateway.Config.Renderer().Views(diags)
		return &Error{Status: http.StatusUnprocessableEntity, Code: CodeConfig, Message: "the configuration is not right", Diagnostics: views}
	}
	e = &Error{Status: http.StatusInternalServerError, Code: CodeFailed, Message: s.Gateway.Redact.String(err.Error())}
	switch {
	case errors.Is(err, engine.ErrSupposition):
		e.Status, e.Code = http.StatusBadRequest, CodeUsage
	case errors.Is(err, engine.ErrUnknownUser), errors.Is(err, engine.ErrUnknownGroup), errors.Is(err, engine.ErrNothingThen), errors.Is(err, store.ErrNotFound):
		e.Status, e.Code = http.StatusNotFound, CodeNotFound
	case errors.Is(err, engine.ErrStale), errors.Is(err, engine.ErrNothingToUndo):
		e.Status, e.Code = http.StatusConflict, CodeFailed
	case isEnvironment(err):
		e.Status, e.Code = http.StatusServiceUnavailable, CodeEnvironment
	}
	return e
}

// Trigger starts what the sync's schedule has for an event or a login: nothing when
// schedule.on does not name it. It does not wait for the run.
func (s *Service) Trigger(ctx context.Context, q TriggerRequest) error {
	c := s.Gateway.Config.Sync(q.Sync)
	switch {
	case c == nil:
		return s.noSync(q.Sync)
	case s.Schedule == nil:
		return &Error{Status: http.StatusConflict, Code: CodeUsage, Message: "only the daemon can be triggered: gateway serve"}
	case q.On == string(schedule.Event) && c.Schedule.OnEvent:
		s.Schedule.Wake(q.Sync, schedule.Event)
	case q.On == string(schedule.Login) && c.Schedule.OnLogin && q.User != "":
		go s.login(context.WithoutCancel(ctx), q)
	default:
		return &Error{Status: http.StatusConflict, Code: CodeUsage,
			Message: fmt.Sprintf("sync %q does not run on %q: see schedule.on; a login needs a user", c.Name, identity.Visible(q.On, 40))}
	}
	return nil
}

// login brings one person up to date.
func (s *Service) login(ctx context.Context, q TriggerRequest) {
	s.logRun(q.Sync, schedule.Login)(s.Run(ctx, RunRequest{Sync: q.Sync, User: q.User, Apply: true, Who: "login"}, string(schedule.Login)))
}

// isEnvironment tells faults of this machine from those of the work.
func isEnvironment(err error) bool {
	var locked *pluginhost.LockError
	var broken *pluginhost.BrokenPlugin
	for _, x := range []error{store.ErrInUse, store.ErrNewer, store.ErrDamaged, store.ErrFull, os.ErrPermission} {
		if errors.Is(err, x) {
			return true
		}
	}
	return errors.As(err, &locked) || errors.As(err, &broken)
}

// Check tests connections, telling every step.
func (s *Service) Check(ctx context.Context, q CheckRequest, tell func(CheckStep)) (*CheckAnswer, error) {
	names := q.Names
	if len(names) == 0 {
		for _, c := range s.Gateway.Config.Connectors() {
			names = append(names, c.Ref())
		}
	}
	answer := &CheckAnswer{}
	for _, name := range names {
		block := s.Gateway.Config.Connector(name)
		if block == nil {
			return nil, &Error{Status: http.StatusNotFound, Code: CodeUsage, Message: fmt.Sprintf("there is no %s in the configuration", identity.Visible(name, 80))}
		}
		steps, err := s.pushSteps(ctx, name)
		if err != nil {
			return nil, s.fault(err)
		}
		for _, step := range steps {
			if step.Outcome == "failed" {
				answer.Failed++
			} else {
				answer.Passed++
			}
			tell(step)
		}
		p, err := s.Gateway.Plugins.Plugin(ctx, name)
		if err != nil {
			return nil, s.fault(err)
		}
		err = p.Check(ctx, func(st pluginhost.CheckStep) {
			view := CheckStep{Name: name, Step: st.Name, Outcome: st.Outcome.String(), Detail: st.Detail,
				Diagnostics: s.Gateway.Config.Renderer().Views(s.Gateway.Config.Resolve(block, st.Diagnostics))}
			switch st.Outcome {
			case pluginhost.CheckPassed:
				answer.Passed++
			case pluginhost.CheckFailed:
				answer.Failed++
			default:
				answer.Skipped++
			}
			tell(view)
		})
		if err != nil {
			return nil, s.fault(err)
		}
	}
	return answer, nil
}

// Lookup asks every source about one person now.
func (s *Service) Lookup(ctx context.Context, user string) ([]LookupAnswer, error) {
	var out []LookupAnswer
	for _, c := range s.Gateway.Config.Sources {
		p, err := s.Gateway.Plugins.Plugin(ctx, c.Ref())
		if err != nil {
			return nil, s.fault(err)
		}
		out = append(out, s.lookup(ctx, c.Ref(), p, user))
	}
	return out, nil
}

func (s *Service) lookup(ctx context.Context, ref string, p *pluginhost.Plugin, user string) LookupAnswer {
	a := LookupAnswer{Endpoint: ref}
	if !p.Description().Capabilities.Lookup {
		a.Problem = "the connector cannot look up one person"
		return a
	}
	for _, by := range []pluginhost.LookupBy{{Email: user}, {Username: user}, {ID: user}} {
		found, err := p.Lookup(ctx, by)
		if pluginhost.NotFound(err) {
			continue
		}
		if err != nil {
			a.Problem = s.Gateway.Redact.String(err.Error())
			return a
		}
		u := found.User
		a.Found, a.ID, a.Username, a.Email, a.Name, a.Active = true, u.ID, u.Username, u.Email, u.DisplayName, u.Active
		for _, g := range found.Groups {
			a.Groups = append(a.Groups, g.Name)
		}
		return a
	}
	return a
}
