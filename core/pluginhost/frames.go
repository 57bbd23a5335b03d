package pluginhost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/zeebo/xxh3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"syncgateway/core/diag"
	"syncgateway/core/identity"
	"syncgateway/core/pluginhost/internal/convert"
	pb "syncgateway/proto/gateway/plugin/v1"
)

// The field that holds the page is the first in every read's response; what else may
// come is small and decoded whole.
const pageField = 1

// event is what a read may send beside its pages, whichever read it is.
type event interface {
	GetNotice() *pb.Notice
	GetWaiting() *pb.Waiting
	GetComplete() *pb.Complete
	GetFailure() *pb.Failure
	proto.Message
}

// restart is what reads with cursors may send too.
type restart interface {
	GetCheckpoint() *pb.Checkpoint
	GetReset_() *pb.Reset
}

// reader follows one read to its end and holds the plugin to the contract.
type reader struct {
	p          *Plugin
	sink       Sink
	checkpoint func([]byte) // nil: there are none
	page       func(context.Context, *convert.Page) (records int, err error)
	message    convert.Page // the last one, and the last page in it
	parts      convert.Page
	event      func() event // a new, empty message
	end        End
	ended      bool
}

// read makes the call and feeds what comes to the sink.
func (r *reader) read(ctx context.Context, doing, method string, req proto.Message) (End, error) {
	s, err := r.p.ready(ctx)
	if err != nil {
		return End{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := s.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, method, grpc.ForceCodecV2(newRawCodec()))
	if err == nil {
		err = errors.Join(stream.SendMsg(req), stream.CloseSend())
	}
	var f frame
	for err == nil {
		err = r.next(ctx, stream, &f)
	}
	var refused *sinkError
	switch {
	case errors.As(err, &refused):
		return End{}, refused.error
	case errors.Is(err, io.EOF) && r.ended:
		return r.end, nil
	case errors.Is(err, io.EOF):
		err = errors.New("it ended the read without saying whether it is complete")
	}
	return End{}, r.p.broken(ctx, s, doing, err)
}

// sinkError is an error of the sink: the plugin did nothing wrong.
type sinkError struct{ error }

func (r *reader) next(ctx context.Context, stream grpc.ClientStream, f *frame) error {
	if err := stream.RecvMsg(f); err != nil {
		return err
	}
	if r.ended {
		return errors.New("it went on sending after the end of the read")
	}
	if err := r.message.Split(f.bytes()); err != nil {
		return fmt.Errorf("it sent a message that cannot be decoded: %w", err)
	}
	for _, raw := range r.message[pageField] {
		if err := r.take(ctx, raw); err != nil {
			return err
		}
	}
	if len(r.message[pageField]) > 0 {
		return nil
	}
	e := r.event()
	if err := proto.Unmarshal(f.bytes(), e); err != nil {
		return fmt.Errorf("it sent a message that cannot be decoded: %w", err)
	}
	return r.other(e)
}

func (r *reader) take(ctx context.Context, raw []byte) error {
	if err := r.parts.Split(raw); err != nil {
		return fmt.Errorf("it sent a page that cannot be decoded: %w", err)
	}
	n, err := r.page(ctx, &r.parts)
	r.end.Count += uint64(n)
	return err
}

func (r *reader) other(e event) error {
	restarts, _ := e.(restart)
	switch {
	case e.GetNotice() != nil:
		r.sink.Notice(Notice{RecordID: r.p.clean(e.GetNotice().GetRecordId()), Diagnostic: r.p.diagnostic(e.GetNotice().GetDiagnostic())})
	case e.GetWaiting() != nil:
		r.sink.Waiting(r.p.waiting(e.GetWaiting()))
	case e.GetFailure() != nil:
		r.end.Failure, r.ended = r.p.failure(e.GetFailure()), true
	case e.GetComplete() != nil:
		return r.complete(e.GetComplete())
	case restarts != nil && restarts.GetCheckpoint() != nil:
		r.checkpoint(restarts.GetCheckpoint().GetResume())
	case restarts != nil && restarts.GetReset_() != nil:
		r.ended, r.end.Reset = true, r.p.clean(restarts.GetReset_().GetReason())
		if r.end.Reset == "" {
			r.end.Reset = "the cursor is not valid any more"
		}
	}
	return nil // an event of a later version of the contract
}

func (r *reader) complete(c *pb.Complete) error {
	if c.GetCount() != r.end.Count {
		return fmt.Errorf("it says that it sent %d records, and %d arrived", c.GetCount(), r.end.Count)
	}
	r.ended, r.end.Complete, r.end.Delta, r.end.RemoteTotal = true, true, c.GetDelta(), c.RemoteTotal
	return nil
}

func (p *Plugin) diagnostic(m *pb.Diagnostic) diag.Diagnostic { return convert.Diagnostic(m, p.clean) }

func (p *Plugin) waiting(m *pb.Waiting) Waiting {
	w := Waiting{Reason: p.clean(m.GetReason())}
	if m.Until != nil && m.GetUntil().IsValid() {
		w.Until = m.GetUntil().AsTime()
	}
	return w
}

// mostRetry is how far ahead a plugin may put the next attempt.
const mostRetry = 7 * 24 * time.Hour

func (p *Plugin) failure(m *pb.Failure) *Failure {
	f := &Failure{Reason: Reason(m.GetReason()), Message: p.clean(m.GetMessage()), RemoteCode: p.clean(m.GetRemoteCode()),
		RequestID: p.clean(m.GetRemoteRequestId())}
	if m.RetryAfter != nil && m.GetRetryAfter().IsValid() {
		f.RetryAfter = min(max(m.GetRetryAfter().AsDuration(), 0), mostRetry)
	}
	return f
}

// The field of a User that says whether it is active; a Group has none.
const (
	userActive  protowire.Number = 7
	groupActive protowire.Number = 0
)

// users takes in encoded users. The slice is used again for the next page.
func users(into []UserRecord, list [][]byte) ([]UserRecord, error) {
	into = into[:0]
	for _, raw := range list {
		id, active, err := convert.Head(raw, userActive)
		if err != nil {
			return nil, fmt.Errorf("it sent a user that is not well formed: %w", err)
		}
		into = append(into, UserRecord{ID: id, Active: active, Fingerprint: xxh3.Hash128(raw).Bytes(), raw: raw})
	}
	return into, nil
}

func groups(into []GroupRecord, list [][]byte) ([]GroupRecord, error) {
	into = into[:0]
	for _, raw := range list {
		id, _, err := convert.Head(raw, groupActive)
		if err != nil {
			return nil, fmt.Errorf("it sent a group that is not well formed: %w", err)
		}
		into = append(into, GroupRecord{ID: id, Fingerprint: xxh3.Hash128(raw).Bytes(), raw: raw})
	}
	return into, nil
}

// lists takes in encoded lists of members. The slice is used again for the next page.
func lists(into []MembersRecord, list [][]byte) ([]MembersRecord, error) {
	into = into[:0]
	for _, raw := range list {
		m, users, n, err := convert.ParseMembers(raw)
		if err != nil {
			return nil, fmt.Errorf("it sent memberships that are not well formed: %w", err)
		}
		into = append(into, MembersRecord{GroupID: m.GroupID, ChildIDs: m.ChildIDs, UserIDs: users, Count: n})
	}
	return into, nil
}

func members(list [][]byte) ([]identity.Members, error) {
	records, err := lists(nil, list)
	out := make([]identity.Members, len(records))
	for i := range records {
		out[i] = records[i].Members()
	}
	return out, err
}
