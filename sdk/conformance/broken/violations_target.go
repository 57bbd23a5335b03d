package main

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"

	pb "syncgateway/proto/gateway/plugin/v1"
)

// ofBatch bends an Apply: what is asked, and the results.
func ofBatch(asked func(*pb.ApplyRequest), result func(r *pb.OperationResult, send func(*pb.OperationResult) error) error) *violation {
	return &violation{stream: func() *bent {
		return &bent{
			received: func(m any) {
				if q, ok := m.(*pb.ApplyRequest); ok && asked != nil {
					asked(q)
				}
			},
			sends: func(m any, send func(any) error) error {
				a, ok := m.(*pb.ApplyResponse)
				if !ok || a.GetResult() == nil || result == nil {
					return send(m)
				}
				return result(a.GetResult(), func(r *pb.OperationResult) error {
					return send(&pb.ApplyResponse{Event: &pb.ApplyResponse_Result{Result: r}})
				})
			},
		}
	}}
}

// ofResults changes results.
func ofResults(change func(*pb.OperationResult)) *violation {
	return ofBatch(nil, func(r *pb.OperationResult, send func(*pb.OperationResult) error) error {
		change(r)
		return send(r)
	})
}

// byKind changes the results of one kind of operation.
func byKind(kinds []pb.OperationKind, change func(*pb.OperationResult)) *violation {
	return &violation{stream: func() *bent {
		of := map[string]bool{}
		return &bent{
			received: func(m any) {
				q, _ := m.(*pb.ApplyRequest)
				for _, op := range q.GetOperations() {
					of[op.GetId()] = slices.Contains(kinds, op.GetKind())
				}
			},
			sends: func(m any, send func(any) error) error {
				if a, ok := m.(*pb.ApplyResponse); ok && of[a.GetResult().GetOperationId()] {
					change(a.GetResult())
				}
				return send(m)
			},
		}
	}}
}

func refused(r *pb.OperationResult) {
	if r.GetOutcome() == pb.OperationResult_OUTCOME_ALREADY {
		r.Outcome, r.RemoteId = pb.OperationResult_OUTCOME_FAILED, ""
		r.Failure = &pb.Failure{Reason: pb.Failure_REASON_CONFLICT, Message: "it is so already"}
	}
}

// orderless takes the operations as they come.
func orderless() *violation {
	return ofBatch(func(q *pb.ApplyRequest) {
		if len(q.GetOperations()) != 3 || q.GetOperations()[0].GetMember().GetUserOperation() == "" {
			return
		}
		first := q.GetOperations()[0]
		first.After, first.Member.UserOperation, first.Member.GroupOperation = nil, "", ""
	}, nil)
}

// reckless does what comes after something, whatever became of that.
func reckless() *violation {
	return ofBatch(func(q *pb.ApplyRequest) {
		for _, op := range q.GetOperations() {
			if op.GetMember().GetUserOperation() == "" {
				op.After = nil
			}
		}
	}, nil)
}

// hushed gives its results at the end.
func hushed() *bent {
	var kept []any
	var last func(any) error
	return &bent{
		sends: func(m any, send func(any) error) error {
			if _, result := m.(*pb.ApplyResponse); !result {
				return send(m)
			}
			kept, last = append(kept, m), send
			return nil
		},
		ended: func() {
			for _, m := range kept {
				_ = last(m)
			}
		},
	}
}

// stubborn makes somebody a second time when the first answer was lost.
func stubborn(next http.RoundTripper, r *http.Request) (*http.Response, error) {
	resp, err := next.RoundTrip(r)
	if err == nil || r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/people") || r.GetBody == nil || r.Context().Err() != nil {
		return resp, err
	}
	again := r.Clone(context.WithoutCancel(r.Context()))
	body, bodyErr := r.GetBody()
	if bodyErr != nil {
		return nil, err
	}
	text, _ := read(&http.Response{Body: body})
	text = strings.Replace(text, `"login":"`, `"login":"second-`, 1)
	again.Body, again.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	return next.RoundTrip(again)
}

// restless changes something that nobody asked about.
func restless(next http.RoundTripper, r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodDelete && strings.Contains(r.URL.Path, "/members/") {
		extra := r.Clone(r.Context())
		extra.Method, extra.URL.Path, extra.URL.RawPath = http.MethodPut, "/motto/changed", ""
		if resp, err := next.RoundTrip(extra); err == nil {
			_ = resp.Body.Close()
		}
	}
	return next.RoundTrip(r)
}

// unguarded does not see who is an administrator when it asks about one person.
func unguarded() *violation {
	return edited(func(r *http.Request, body string) string {
		if r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/people/") {
			return strings.ReplaceAll(body, `"admin":true`, `"admin":false`)
		}
		return body
	})
}

// cutting writes no more than so much of a department.
func cutting() *violation {
	return ofBatch(func(q *pb.ApplyRequest) {
		for _, op := range q.GetOperations() {
			for _, a := range op.GetUser().GetAttributes() {
				for i, v := range a.GetValues() {
					a.Values[i] = v[:min(len(v), 50)]
				}
			}
		}
	}, nil)
}

// giveUp attempts nothing after the first failure.
func giveUp() *violation {
	return &violation{stream: func() *bent {
		failed := false
		return &bent{sends: func(m any, send func(any) error) error {
			if a, ok := m.(*pb.ApplyResponse); ok && a.GetResult() != nil {
				r := a.GetResult()
				if failed && r.GetOutcome() == pb.OperationResult_OUTCOME_APPLIED {
					r.Outcome = pb.OperationResult_OUTCOME_NOT_ATTEMPTED
				}
				failed = failed || r.GetOutcome() == pb.OperationResult_OUTCOME_FAILED && r.GetFailure().GetReason() == pb.Failure_REASON_NOT_FOUND
			}
			return send(m)
		}}
	}}
}

const (
	activate     = pb.OperationKind_OPERATION_KIND_ACTIVATE_USER
	deactivate   = pb.OperationKind_OPERATION_KIND_DEACTIVATE_USER
	deleteUser   = pb.OperationKind_OPERATION_KIND_DELETE_USER
	removeMember = pb.OperationKind_OPERATION_KIND_REMOVE_MEMBER
)

var ofTarget = map[string]*violation{
	"target.operations": ofBatch(func(q *pb.ApplyRequest) {
		if ops := q.GetOperations(); len(ops) == 1 && ops[0].GetKind() == pb.OperationKind_OPERATION_KIND_UPDATE_USER {
			ops[0].Changed = nil
		}
	}, nil),
	"target.undeclared": ofResults(func(r *pb.OperationResult) {
		if r.GetFailure().GetReason() == pb.Failure_REASON_UNSUPPORTED {
			r.Failure.Reason = pb.Failure_REASON_INVALID
		}
	}),
	"target.visible":       stale(),
	"target.twice":         byKind([]pb.OperationKind{activate, deactivate}, refused),
	"target.gone":          byKind([]pb.OperationKind{deleteUser, removeMember}, refused),
	"target.attributes":    cutting(),
	"target.one-result":    doubled(),
	"target.bad-one":       giveUp(),
	"target.after":         orderless(),
	"target.after-failed":  reckless(),
	"target.lost-response": overHTTP(stubborn),
	"target.cancel":        {stream: hushed},
	"target.nothing-else":  overHTTP(restless),
	"target.protected-told": reads(func(m any) {
		if r, ok := m.(*pb.ReadStateResponse); ok && r.GetPage() != nil {
			r.GetPage().ProtectedUsers = nil
		}
	}),
	"target.protected-refused": unguarded(),
	"target.member-paging": reads(func(m any) {
		if r, ok := m.(*pb.ReadStateResponse); ok {
			for _, x := range r.GetPage().GetMembers() {
				x.UserIds = x.UserIds[:min(len(x.UserIds), smallest)]
			}
		}
	}),
}

// doubled gives the result of a deleted group twice.
func doubled() *violation {
	return ofBatch(nil, func(r *pb.OperationResult, send func(*pb.OperationResult) error) error {
		if err := send(r); err != nil || r.GetRemoteId() == "" {
			return err
		}
		return send(r)
	})
}

// stale does not find by address whom it made.
func stale() *violation {
	return &violation{stream: func() *bent {
		targeted := false
		return &bent{
			received: func(m any) {
				if q, ok := m.(*pb.ReadStateRequest); ok {
					targeted = len(q.GetEmails()) > 0
				}
			},
			sends: func(m any, send func(any) error) error {
				if r, ok := m.(*pb.ReadStateResponse); ok && targeted && r.GetPage() != nil {
					r.GetPage().Users = nil
				}
				return send(m)
			},
		}
	}}
}
