package front

import (
	"bytes"
	"net/http"
)

// Answer is a response held back until it is logged and its faults are applied.
type Answer struct {
	Status int
	header http.Header
	body   bytes.Buffer
}

// NewAnswer returns an empty answer with status 200.
func NewAnswer() *Answer { return &Answer{Status: http.StatusOK, header: http.Header{}} }

// Header is the map to be sent with the answer.
func (a *Answer) Header() http.Header { return a.header }

// WriteHeader sets the status.
func (a *Answer) WriteHeader(status int) { a.Status = status }

// Write appends to the body.
func (a *Answer) Write(p []byte) (int, error) { return a.body.Write(p) }
