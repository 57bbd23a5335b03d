package redact

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	secret := `p4ss "word"/+ü`
	Add(secret, "abc", "p4ss \"word\"/+ü and more")
	for _, text := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), `{"a":"p4ss \"word\"/+ü"}`, base64.StdEncoding.EncodeToString([]byte(secret))} {
		if got := Text("x " + text + " y"); strings.Contains(got, "p4ss") || !strings.Contains(got, Mask) {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := Text("abc"); got != "abc" {
		t.Errorf("a short value became %q", got)
	}
	if got := Text(secret + " and more"); got != Mask {
		t.Errorf("the longer secret left %q", got)
	}
	var out bytes.Buffer
	if n, err := (Writer{&out}).Write([]byte(secret)); n != len(secret) || err != nil || out.String() != Mask {
		t.Error(n, err, out.String())
	}
}

func TestKeyLeaksByItsLines(t *testing.T) {
	Add("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nshort\n-----END PRIVATE KEY-----\n")
	if got := Text("line MIIEvQIBADANBgkqhkiG9w0B"); strings.Contains(got, "MIIE") {
		t.Error(got)
	}
}
