// Package chaos proves the promise that a bad read never removes anyone. A seed makes a
// company, its history and what goes wrong; the gateway runs through it, in one of two
// ways: its engine, store and plugin host in this process with real plugin processes
// (fast), or as the real binaries, killed for real (processes). An oracle that knows the
// company's true history judges by what the remote side says of itself, never by the
// gateway's own output. docs/chaos.md says how to run it.
package chaos
