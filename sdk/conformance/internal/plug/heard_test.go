package plug

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/wrapperspb"
)

func TestSecretsAreHeard(t *testing.T) {
	h := &Heard{}
	h.Listen("t0p-s3cret-value", "short")
	log := h.Writer("log")
	fmt.Fprint(log, "fine\nsigning in with t0p-s3")
	if len(h.Leaks()) > 0 {
		t.Error(h.Leaks())
	}
	fmt.Fprint(log, "cret-value\nshort\n")
	h.message("Lookup", wrapperspb.String("as t0p-s3cret-value"))
	h.message("Lookup", wrapperspb.String("as somebody"))
	h.failed("Check", errors.New("no t0p-s3cret-value"))
	leaks := strings.Join(h.Leaks(), "\n")
	for _, want := range []string{"log: …signing in with (secret)", "answer to Lookup", "status of Check"} {
		if !strings.Contains(leaks, want) {
			t.Errorf("%q is not in %s", want, leaks)
		}
	}
	if len(h.Leaks()) != 3 || strings.Contains(leaks, "t0p") {
		t.Error(leaks)
	}
	if h.Hide("x t0p-s3cret-value y") != "x (secret) y" || h.Secrets() != 1 {
		t.Error("not hidden")
	}
}

func TestTheEnvironmentIsAnAllowlist(t *testing.T) {
	t.Setenv("KIT_PRIVATE", "x")
	t.Setenv("TZ", "UTC")
	t.Setenv("SSL_CERT_FILE", "/outer")
	env := strings.Join((&Binary{Env: []string{"SSL_CERT_FILE=/own", "MINE=1"}}).Environment(), " ")
	if strings.Contains(env, "KIT_PRIVATE") || !strings.Contains(env, "TZ=UTC") || strings.Contains(env, "/outer") || !strings.Contains(env, "SSL_CERT_FILE=/own MINE=1") {
		t.Error(env)
	}
}
