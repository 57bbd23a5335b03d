package acme

import (
	"context"
	"encoding/json"
	"net/http"

	"syncgateway/sdk/conformance"
)

// Pushing is a harness for listeners: there is no system, but a client of it.
var Pushing = conformance.HarnessFunc(func(context.Context) (conformance.Remote, error) { return pushing{}, nil })

type pushing struct{}

// About says how the listener is configured.
func (pushing) About() conformance.About {
	return conformance.About{Config: json.RawMessage(`{"token":"` + Token + `"}`)}
}

// Seed has nothing to fill.
func (pushing) Seed(context.Context, conformance.Company) (map[string]string, error) {
	return nil, conformance.Skip("a listener is pushed to")
}

// State has nothing to show.
func (pushing) State(context.Context) (conformance.Company, error) {
	return conformance.Company{}, conformance.Skip("a listener is pushed to")
}

// Close has nothing to end.
func (pushing) Close() error { return nil }

// Requests are what the client sends.
func (pushing) Requests(context.Context) (conformance.Requests, error) {
	header := map[string]string{"Authorization": "Bearer " + Token, "Content-Type": "application/json"}
	return conformance.Requests{Credential: "Authorization",
		Create: conformance.Request{Method: http.MethodPost, Path: "/users", Header: header, Body: `{"login":"user${n}","name":"Number ${n}"}`},
		Read:   conformance.Request{Method: http.MethodGet, Path: "/users/user1", Header: header}}, nil
}
