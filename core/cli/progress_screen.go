package cli

import (
	"io"
	"sync"
	"sync/atomic"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"syncgateway/core/engine"
)

// screen is for people at a terminal: a line that changes, and is gone in the end.
type screen struct {
	w io.Writer

	mu   sync.Mutex
	bars *mpb.Progress // nil while nothing is shown
	bar  *mpb.Bar
	now  atomic.Pointer[engine.Progress]
}

// barWidth leaves room for words on a terminal of eighty columns.
const barWidth = 16

// Write implements display: what is written appears above.
func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bars != nil {
		return s.bars.Write(b)
	}
	return s.w.Write(b)
}

func (s *screen) take(p engine.Progress) {
	if p.Stage == engine.StageEnded {
		s.end()
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now.Store(&p); s.bars == nil {
		s.begin()
	}
}

// begin shows the line, which draws what is so whenever it is drawn.
func (s *screen) begin() {
	words := func(text func(*engine.Progress) string) decor.Decorator {
		return decor.Any(func(decor.Statistics) string { return text(s.now.Load()) })
	}
	bar := mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]").Build()
	filler := mpb.BarFillerFunc(func(w io.Writer, st decor.Statistics) error {
		p := s.now.Load()
		if p.Total == 0 {
			return nil
		}
		st.Total, st.Current = int64(p.Total), int64(p.Done)
		return bar.Fill(w, st)
	})
	bars := mpb.New(mpb.WithOutput(s.w))
	line, err := bars.Add(0, filler, mpb.BarWidth(barWidth), mpb.PrependDecorators(words(doing)), mpb.AppendDecorators(words(counted)))
	if err == nil { // it is only refused where all is over
		s.bars, s.bar = bars, line
	}
}

// end implements display.
func (s *screen) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bars == nil {
		return
	}
	s.bar.Abort(true)
	s.bars.Wait()
	s.bars, s.bar = nil, nil
}
