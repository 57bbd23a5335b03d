package wire

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/internal/redact"
	"syncgateway/sdk/record"
)

// shown is text that people will read: valid and without secrets.
func shown(s string) string { return clean(redact.Text(s)) }

func failureToProto(f *record.Failure) *pb.Failure {
	if f == nil {
		return nil
	}
	m := &pb.Failure{Reason: pb.Failure_Reason(f.Reason), Message: shown(f.Message), RemoteCode: shown(f.RemoteCode),
		RemoteRequestId: shown(f.RequestID)}
	if f.RetryAfter > 0 {
		m.RetryAfter = durationpb.New(f.RetryAfter)
	}
	return m
}

func failureFromProto(m *pb.Failure) *record.Failure {
	if m == nil {
		return nil
	}
	f := &record.Failure{Reason: record.Reason(m.GetReason()), Message: m.GetMessage(), RemoteCode: m.GetRemoteCode(),
		RequestID: m.GetRemoteRequestId()}
	if m.RetryAfter != nil {
		f.RetryAfter = m.RetryAfter.AsDuration()
	}
	return f
}

func problemToProto(p *record.Problem) *pb.Diagnostic {
	m := &pb.Diagnostic{Severity: pb.Diagnostic_Severity(max(p.Severity, record.SeverityError)), Code: p.Code,
		Summary: shown(p.Summary), Detail: shown(p.Detail)}
	if len(p.Path) > 0 {
		m.Path = pathToProto(p.Path)
	}
	return m
}

func problemsToProto(ps record.Problems) []*pb.Diagnostic {
	out := make([]*pb.Diagnostic, 0, len(ps))
	for _, p := range ps {
		out = append(out, problemToProto(p))
	}
	return out
}

func pathToProto(p record.Path) *pb.Path {
	m := &pb.Path{}
	for _, s := range p {
		step := &pb.Step{Step: &pb.Step_Index{Index: int64(s.Index)}}
		if s.Key {
			step.Step = &pb.Step_Key{Key: s.Name}
		} else if s.Name != "" {
			step.Step = &pb.Step_Name{Name: s.Name}
		}
		m.Steps = append(m.Steps, step)
	}
	return m
}

func pathFromProto(m *pb.Path) record.Path {
	var p record.Path
	for _, s := range m.GetSteps() {
		switch x := s.GetStep().(type) {
		case *pb.Step_Name:
			p = append(p, record.PathStep{Name: x.Name})
		case *pb.Step_Key:
			p = append(p, record.PathStep{Name: x.Key, Key: true})
		case *pb.Step_Index:
			p = append(p, record.PathStep{Index: int(x.Index)})
		}
	}
	return p
}

func noticeToProto(n record.Notice) *pb.Notice {
	d := problemToProto(&n.Problem)
	if n.Problem.Severity == 0 {
		d.Severity = pb.Diagnostic_SEVERITY_WARNING
	}
	return &pb.Notice{RecordId: clean(n.RecordID), Diagnostic: d}
}

func waitingToProto(reason string, until time.Time) *pb.Waiting {
	m := &pb.Waiting{Reason: shown(reason)}
	if !until.IsZero() {
		m.Until = timestamppb.New(until)
	}
	return m
}

func completeToProto(c record.Complete) *pb.Complete {
	return &pb.Complete{Delta: c.Delta, Count: c.Count, RemoteTotal: c.RemoteTotal}
}
