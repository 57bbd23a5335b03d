package gateway

import (
	"testing"

	"syncgateway/core/engine"
)

func TestRunningUntilEnded(t *testing.T) {
	g := &Gateway{}
	var told []string
	stop := g.Watch(func(p engine.Progress) { told = append(told, p.Stage) })
	g.tell(engine.Progress{Sync: "staff", Stage: engine.StageRead, Done: 7})
	if p := g.Running("staff"); p == nil || p.Done != 7 {
		t.Errorf("%+v", p)
	}
	if p := g.Running("guests"); p != nil {
		t.Errorf("%+v", p)
	}
	g.tell(engine.Progress{Sync: "staff", Stage: engine.StageEnded})
	if p := g.Running("staff"); p != nil {
		t.Errorf("%+v", p)
	}
	stop()
	if g.tell(engine.Progress{Sync: "staff", Stage: engine.StageRead}); len(told) != 2 {
		t.Error(told)
	}
}
