// Package source is a synthetic source: it shows a crowd, so that reading it costs
// nothing but the transport. What changes between reads is said in a control file. It
// stands in for a fast, perfect remote system in benchmarks; it is no example of how to
// write a connector.
package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"syncgateway/examples/synthetic/crowd"
	"syncgateway/sdk"
	"syncgateway/sdk/schema"
)

// About describes the plugin.
func About(version string) sdk.About {
	return sdk.About{
		Type: "synthetic-source", Version: version, Summary: "People and groups made by arithmetic, for benchmarks.",
		Config: schema.Of(
			schema.Int("users").Default(1000).Min(0).Doc("How many people."),
			schema.Int("groups").Default(100).Min(1).Doc("How many groups."),
			schema.Int("per_user").Default(10).Min(0).Doc("Groups each person is in."),
			schema.String("control").Doc("A JSON file {\"revision\":1,\"changed\":100}: that many people have another department, numbered by the revision."),
		),
		Kinds: []sdk.Kind{
			{Name: "user", Shape: sdk.UserShape, Attributes: []sdk.KindAttribute{{Name: "*", Doc: "Sixteen attributes."}}},
			{Name: "group", Shape: sdk.GroupShape},
		},
		Capabilities: sdk.Capabilities{Delta: true},
	}
}

// Config is the plugin's block.
type Config struct {
	crowd.Size
	Control string `json:"control"`
}

// Source is the connector.
type Source struct {
	c     Config
	calls atomic.Int64 // a remote system would have got
}

// pageSize is how many records a remote system would give in a call.
const pageSize = 500

func (s *Source) listed(n int) { s.calls.Add(int64(max(1, (n+pageSize-1)/pageSize))) }

// Control is the content of the control file.
type Control struct {
	Revision int `json:"revision"`
	Changed  int `json:"changed"`
}

// Configure implements sdk.Source.
func (s *Source) Configure(_ context.Context, c Config) error {
	s.c = c
	return nil
}

// Check implements sdk.Source.
func (s *Source) Check(_ context.Context, steps sdk.Steps) {
	steps.Run("read the control file", func() error { _, err := s.control(); return err })
	steps.Run("remote calls", func() error { steps.Detailf("%d", s.calls.Load()); return nil })
}

func (s *Source) control() (c Control, err error) {
	if s.c.Control == "" {
		return c, nil
	}
	b, err := os.ReadFile(s.c.Control)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("read the control file: %w", err)
	}
	return c, json.Unmarshal(b, &c)
}

// StreamUsers implements sdk.UserStreamer. A delta read is of the people the control
// file says changed.
func (s *Source) StreamUsers(_ context.Context, req sdk.ReadRequest, w *sdk.UserWriter) error {
	c, err := s.control()
	if err != nil {
		return err
	}
	step, n := 1, s.c.Users
	if c.Changed > 0 {
		step = max(1, s.c.Users/c.Changed)
	}
	if len(req.Delta) > 0 {
		s.listed(c.Changed)
		for i := 0; i < c.Changed && i*step < n; i++ {
			if err := w.Add(crowd.Person(i*step, c.Revision)); err != nil {
				return err
			}
		}
		return w.Complete(cursor(), nil)
	}
	s.listed(n)
	for i := range n {
		revision := 0
		if c.Changed > 0 && i%step == 0 && i/step < c.Changed {
			revision = c.Revision
		}
		if err := w.Add(crowd.Person(i, revision)); err != nil {
			return err
		}
	}
	return w.Complete(cursor(), new(uint64(n)))
}

func cursor() []byte { return []byte(time.Now().UTC().Format(time.RFC3339)) }

// StreamGroups implements sdk.GroupStreamer.
func (s *Source) StreamGroups(_ context.Context, req sdk.ReadRequest, w *sdk.GroupWriter) error {
	if len(req.Delta) > 0 {
		s.listed(0)
		return w.Complete(cursor(), nil)
	}
	s.listed(s.c.Groups)
	for g := range s.c.Groups {
		if err := w.Add(sdk.Group{ID: crowd.ID("g", g), Name: "group-" + strconv.Itoa(g)}); err != nil {
			return err
		}
	}
	for g := range s.c.Groups {
		ids := crowd.IDs("u", s.c.Members(g))
		s.listed(len(ids))
		if err := w.AddMembers(crowd.ID("g", g), ids...); err != nil {
			return err
		}
	}
	return w.Complete(cursor(), new(uint64(s.c.Groups)))
}

var (
	_ sdk.UserStreamer  = (*Source)(nil)
	_ sdk.GroupStreamer = (*Source)(nil)
)
