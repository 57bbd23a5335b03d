// Package conformance tells whether a connector keeps the plugin contract. It starts
// the connector's binary as the gateway would, speaks with it over real gRPC, and puts
// a proxy with faults on demand between it and a fake of its remote system, which the
// author supplies as a Harness.
//
// Run runs every check that applies and gives a Report; Source, Target and Listener
// run the checks of one role as sub-tests of a Go test. The package imports nothing of
// the SDK: what it says of a connector does not depend on what that was written with.
// It is no load test, and it needs no network beyond loopback.
package conformance
