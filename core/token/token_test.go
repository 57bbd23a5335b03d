package token_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"syncgateway/core/store/sqlite"
	"syncgateway/core/token"
)

const source = "source.scim.idp"

func book(t *testing.T) (*token.Book, string, *time.Time) {
	t.Helper()
	dir, now := t.TempDir(), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	db, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return &token.Book{Store: db, Now: func() time.Time { return now }}, dir, &now
}

func accepts(t *testing.T, b *token.Book, from, header string) bool {
	t.Helper()
	_, ok := b.Accept(t.Context(), from, header)
	return ok
}

func TestLifeOfATokens(t *testing.T) {
	b, _, now := book(t)
	text, first, err := b.Create(t.Context(), token.New{Source: source, Name: "okta", Lasts: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]bool{"Bearer " + text: true, "bearer " + text: true, "Basic " + text: false, text: false,
		"Bearer " + text + "x": false, "Bearer ": false, "": false} {
		if got := accepts(t, b, source, header); got != want {
			t.Errorf("%.12q: accepted %v", header, got)
		}
	}
	if accepts(t, b, "source.scim.other", "Bearer "+text) {
		t.Error("accepted for another source")
	}
	*now = now.Add(time.Minute)
	second, _, err := b.Create(t.Context(), token.New{Source: source, Name: "okta-next"})
	if err != nil {
		t.Fatal(err)
	}
	if !accepts(t, b, source, "Bearer "+text) || !accepts(t, b, source, "Bearer "+second) {
		t.Error("two tokens do not live side by side")
	}
	if _, _, err := b.Create(t.Context(), token.New{Source: source}); !errors.Is(err, token.ErrTooMany) {
		t.Errorf("a third one: %v", err)
	}
	*now = now.Add(2 * time.Hour)
	if accepts(t, b, source, "Bearer "+text) {
		t.Error("accepted after its time")
	}
	list, err := b.List(t.Context(), source)
	if err != nil || len(list) != 2 || list[0].ID != first.ID || list[0].LastUsed.IsZero() {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := b.Revoke(t.Context(), source, "okta-next", "me"); err != nil {
		t.Fatal(err)
	}
	if accepts(t, b, source, "Bearer "+second) {
		t.Error("accepted after it was revoked")
	}
	if _, err := b.Revoke(t.Context(), source, "okta-next", "me"); !errors.Is(err, token.ErrUnknown) {
		t.Errorf("revoked twice: %v", err)
	}
}

// Whoever reads the database cannot push.
func TestTextIsStoredNowhere(t *testing.T) {
	b, dir, _ := book(t)
	text, _, err := b.Create(t.Context(), token.New{Source: source})
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte(text[4:])) {
			t.Errorf("%s has the token", f)
		}
	}
}
