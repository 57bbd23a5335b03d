// Package kit makes harnesses of the stand-ins, by which the conformance kit tests
// connectors for the real systems. It knows the kit, and no connector: the settings it
// gives are those that a connector documents.
package kit

import (
	"encoding/json"
	"fmt"

	"syncgateway/examples/sandbox"
	"syncgateway/sdk/conformance"
)

// small is a company with nobody in it but the cast, until the kit seeds it.
func small(o sandbox.Options) (*sandbox.Sandbox, error) {
	o.Seed, o.People, o.Groups, o.WithoutOAuth, o.Existing = 1, 1, 1, true, -1
	return sandbox.Start(o)
}

func settings(s map[string]any) json.RawMessage {
	data, err := json.Marshal(s)
	if err != nil {
		panic(err) // there is nothing but text in it
	}
	return data
}

// Named finds a harness by what it stands for.
func Named(name string) (conformance.Harness, error) {
	switch name {
	case "okta":
		return Okta(), nil
	case "jira-cloud":
		return JiraCloud(), nil
	}
	return nil, fmt.Errorf("there is no harness %q; there are okta and jira-cloud", name)
}
