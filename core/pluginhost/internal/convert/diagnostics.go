package convert

import (
	"syncgateway/core/diag"
	pb "syncgateway/proto/gateway/plugin/v1"
)

// Diagnostics decodes messages for a person; clean is applied to every text. A
// severity that is not known counts as an error.
func Diagnostics(list []*pb.Diagnostic, clean func(string) string) diag.Diagnostics {
	var out diag.Diagnostics
	for _, m := range list {
		out = append(out, Diagnostic(m, clean))
	}
	return out
}

// Diagnostic decodes one message.
func Diagnostic(m *pb.Diagnostic, clean func(string) string) diag.Diagnostic {
	d := diag.Diagnostic{Severity: diag.Error, Code: clean(m.GetCode()), Summary: clean(m.GetSummary()), Detail: clean(m.GetDetail()),
		Path: FromPath(m.GetPath())}
	if m.GetSeverity() == pb.Diagnostic_SEVERITY_WARNING {
		d.Severity = diag.Warning
	}
	return d
}

// FromPath decodes a path.
func FromPath(m *pb.Path) diag.Path {
	var p diag.Path
	for _, s := range m.GetSteps() {
		switch x := s.GetStep().(type) {
		case *pb.Step_Name:
			p = append(p, diag.Step{Kind: diag.NameStep, Name: x.Name})
		case *pb.Step_Key:
			p = append(p, diag.Step{Kind: diag.KeyStep, Name: x.Key})
		case *pb.Step_Index:
			p = append(p, diag.Step{Kind: diag.IndexStep, Index: int(x.Index)})
		}
	}
	return p
}

// Path makes a message of a path.
func Path(p diag.Path) *pb.Path {
	m := &pb.Path{}
	for _, s := range p {
		step := &pb.Step{}
		switch s.Kind {
		case diag.IndexStep:
			step.Step = &pb.Step_Index{Index: int64(s.Index)}
		case diag.KeyStep:
			step.Step = &pb.Step_Key{Key: s.Name}
		default:
			step.Step = &pb.Step_Name{Name: s.Name}
		}
		m.Steps = append(m.Steps, step)
	}
	return m
}
