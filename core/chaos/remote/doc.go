// Package remote is what the gateway talks to in the fast half of the chaos corpus: two
// identity providers and one application, served over HTTP on loopback as the plugins
// of examples/httpdir expect them. It holds the true company, misbehaves as it is told
// to, and keeps its own record of every change, which is all that the oracle reads. It
// knows nothing of the gateway.
package remote
