package api

import (
	"errors"
	"strings"
	"testing"
	"time"

	"syncgateway/core/gateway"
	"syncgateway/core/ingress"
	"syncgateway/core/token"
)

func TestCheckSaysWhatToPaste(t *testing.T) {
	s := service(t, errors.New("no connector"))
	block := *s.Gateway.Config.Sources[0]
	block.Type = scimType
	say := func(url string) (text string, failed int) {
		t.Helper()
		steps, err := s.toPaste(t.Context(), &gateway.Listener{Block: &block, PublicURL: url})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range steps {
			text += x.Step + ": " + x.Detail + "\n"
			if x.Outcome == "failed" {
				failed++
			}
		}
		return text, failed
	}
	if text, failed := say("https://gateway.example/in/hr"); failed != 0 || !strings.Contains(text, "https://gateway.example/in/hr/v2\n") ||
		!strings.Contains(text, "https://gateway.example/in/hr/v1\n") || !strings.Contains(text, "gateway tokens create hr") {
		t.Errorf("%d failed:\n%s", failed, text)
	}
	for url, fails := range map[string]int{"http://gateway.example/in/hr": 1, "http://127.0.0.1:8085/in/hr": 0, "http://[::1]:8085/in/hr": 0,
		"http://localhost/in/hr": 0, ingress.Prefix + "hr": 1} {
		if text, failed := say(url); failed != fails {
			t.Errorf("%s: %d failed, want %d:\n%s", url, failed, fails, text)
		}
	}
	for _, n := range []token.New{{Source: block.Ref(), Name: "okta"}, {Source: block.Ref(), Name: "ended", Lasts: time.Nanosecond}} {
		if _, _, err := s.Gateway.Tokens.Create(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	if text, _ := say("https://gateway.example/in/hr"); !strings.Contains(text, `"okta", never used`) || strings.Contains(text, "ended") {
		t.Errorf("with a token:\n%s", text)
	}
	block.Type = "other"
	if text, _ := say("https://gateway.example/in/hr"); !strings.Contains(text, "paste as the address: https://gateway.example/in/hr\n") || strings.Contains(text, "SCIM") {
		t.Errorf("another protocol:\n%s", text)
	}
}
