package sdk_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"syncgateway/sdk"
	"syncgateway/sdk/sdktest"
)

type batch func(context.Context, []sdk.Operation, *sdk.ResultWriter) error

func (batch) Configure(context.Context, struct{}) error { return nil }
func (batch) Check(context.Context, sdk.Steps)          {}
func (batch) ReadState(context.Context, sdk.StateRequest, *sdk.StateWriter) error {
	return nil
}

func (b batch) Apply(ctx context.Context, ops []sdk.Operation, w *sdk.ResultWriter) error {
	return b(ctx, ops, w)
}

func TestBatchGetsOneResultEach(t *testing.T) {
	ops := []sdk.Operation{{ID: "1"}, {ID: "2"}, {ID: "3", Member: sdk.Member{UserOperation: "1"}}}
	for name, test := range map[string]struct {
		apply batch
		want  string
	}{
		"nothing": {func(context.Context, []sdk.Operation, *sdk.ResultWriter) error { return nil }, "1:4 2:4 3:4 "},
		"error":   {func(context.Context, []sdk.Operation, *sdk.ResultWriter) error { return sdk.Denied("no") }, "1:3/permission 2:3/permission 3:3/permission "},
		"panic": {func(_ context.Context, _ []sdk.Operation, w *sdk.ResultWriter) error {
			w.Done("1", sdk.Applied("x"))
			panic("boom")
		}, "1:1 2:3/unavailable 3:3/unavailable "},
		"odd": {func(_ context.Context, _ []sdk.Operation, w *sdk.ResultWriter) error {
			w.Done("1", sdk.Applied("x"))
			w.Done("1", sdk.Failed(errors.New("late")))
			w.Done("unasked", sdk.Applied(""))
			w.Done("2", sdk.Result{})
			w.Done("3", sdk.Result{Outcome: sdk.OutcomeApplied, Failure: sdk.Conflict("contradiction")})
			return nil
		}, "1:1 2:3/unavailable 3:3/conflict "},
		"ready": {func(_ context.Context, ops []sdk.Operation, w *sdk.ResultWriter) error {
			for _, op := range ops {
				op, refused, ok := w.Ready(op)
				if !ok {
					w.Done(op.ID, refused)
				} else if op.ID == "1" {
					w.Done(op.ID, sdk.Already("made"))
				} else {
					w.Done(op.ID, sdk.Result{Outcome: sdk.OutcomeApplied, RemoteID: op.Member.UserID})
				}
			}
			return nil
		}, "1:2 2:1 3:1 "},
	} {
		in := sdktest.Open(t, struct{}{}, func() (*sdk.Plugin, error) { return sdk.TargetPlugin(sdk.About{Type: "b"}, test.apply) })
		results, err := in.Apply(t.Context(), ops...)
		got := ""
		for _, op := range ops {
			r := results[op.ID]
			got += fmt.Sprintf("%s:%d", op.ID, r.Outcome)
			if r.Failure != nil {
				got += "/" + r.Failure.Reason.String()
			}
			got += " "
		}
		if err != nil || got != test.want || len(results) != 3 {
			t.Errorf("%s: %s, %v", name, got, err)
		}
		if name == "ready" && results["3"].RemoteID != "made" {
			t.Errorf("the reference was not filled in: %+v", results["3"])
		}
	}
}
