package scim

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"syncgateway/plugins/scim/engine"
	"syncgateway/plugins/scim/engine/memdir"
	"syncgateway/sdk"
	"syncgateway/sdk/sdktest"
)

const token = "a-token-for-tests-only"

func plugin() (*sdk.Plugin, error) { return sdk.ListenerPlugin(About("test"), New()) }

// listening serves a configured listener on a unix socket, as the gateway has it, and
// returns a client that speaks to it. Ending is what the plugin said when it was drained.
func listening(t *testing.T, config map[string]any) (client *http.Client, d *memdir.Directory, drain func() error) {
	t.Helper()
	in := sdktest.Open(t, config, plugin)
	dir, err := os.MkdirTemp("", "s") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	d = memdir.New(time.Now)
	go func() { ended <- in.Listen(ctx, d, l, "https://gateway.example/in/idp") }()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	transport := &http.Transport{DialContext: dial}
	drain = func() error { cancel(); transport.CloseIdleConnections(); return <-ended }
	return &http.Client{Transport: transport}, d, drain
}

func send(t *testing.T, client *http.Client, method, path, body string, headers ...string) (*http.Response, map[string]any) {
	t.Helper()
	r, err := http.NewRequest(method, "http://gateway"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(resp.Body)
	var out map[string]any
	_ = json.Unmarshal(data, &out)
	return resp, out
}

func TestServesOnTheSocketAndDrains(t *testing.T) {
	client, d, drain := listening(t, map[string]any{"token": token, "extension": []any{map[string]any{"label": "urn:x:acme:2.0:User", "name": "Acme",
		"attribute": []any{map[string]any{"label": "badge", "type": "string", "uniqueness": "server"},
			map[string]any{"label": "desk", "type": "complex", "sub_attribute": []any{map[string]any{"label": "floor", "type": "integer"}}}}}}})
	body := `{"userName":"ada","urn:x:acme:2.0:User":{"badge":"B1","desk":{"floor":3}}}`
	resp, user := send(t, client, "POST", "/in/idp/v2/Users", body)
	id, _ := user["id"].(string)
	if resp.StatusCode != 201 || resp.Header.Get("Location") != "https://gateway.example/in/idp/v2/Users/"+id {
		t.Fatal(resp.Status, user)
	}
	if resp, _ := send(t, client, "POST", "/in/idp/v2/Users", strings.Replace(body, "ada", "bob", 1)); resp.StatusCode != 409 {
		t.Error("a badge was given twice:", resp.Status)
	}
	if resp, list := send(t, client, "GET", "/in/idp/v2/Users?filter=urn:x:acme:2.0:User:desk.floor+ge+3", ""); list["totalResults"] != 1.0 {
		t.Error(resp.Status, list)
	}
	entry, err := d.Call(t.Context(), sdk.DirectoryCall{Kind: "user", Get: id})
	if err != nil || entry.Entries[0].User.Attributes.First("badge") != "B1" || entry.Entries[0].User.Attributes.First("desk.floor") != "3" {
		t.Errorf("%+v, %v", entry, err)
	}
	if err := drain(); err != nil {
		t.Error(err)
	}
}

func TestWhoMayCall(t *testing.T) {
	client, _, _ := listening(t, map[string]any{})
	if resp, body := send(t, client, "GET", "/in/idp/v2/Users", ""); resp.StatusCode != 401 || resp.Header.Get("WWW-Authenticate") == "" {
		t.Error("without a configured token one was accepted:", resp.Status, body)
	}
	if resp, _ := send(t, client, "GET", "/in/idp/v2/Users", "", engine.CallerHeader, "okta-1"); resp.StatusCode != 200 {
		t.Error("the gateway's word was not taken:", resp.Status)
	}
	reading := []string{engine.CallerHeader, "okta-1", engine.AccessHeader, "read"}
	if resp, _ := send(t, client, "POST", "/in/idp/v2/Users", `{"userName":"x"}`, reading...); resp.StatusCode != 403 {
		t.Error("a credential for reading wrote:", resp.Status)
	}
	if resp, _ := send(t, client, "POST", "/in/idp/v2/Users/.search", `{}`, reading...); resp.StatusCode != 200 {
		t.Error("a credential for reading could not search:", resp.Status)
	}
}

func TestSettingsAreRefused(t *testing.T) {
	attribute := []any{map[string]any{"label": "a", "type": "string"}}
	twice := map[string]any{"label": "urn:x:a", "name": "A", "attribute": attribute}
	for place, config := range map[string]map[string]any{
		"token":     {"token": "short"},
		"extension": {"extension": []any{map[string]any{"label": "not a uri", "name": "A", "attribute": attribute}}},
		"already":   {"extension": []any{twice, twice}},
		"complex":   {"extension": []any{map[string]any{"label": "urn:x:a", "name": "A", "attribute": []any{map[string]any{"label": "a", "type": "complex"}}}}},
	} {
		if _, problems := sdktest.Configure(t, config, plugin); !problems.Failed() || !strings.Contains(problems.Error(), place) {
			t.Errorf("%v: %v", config, problems)
		}
	}
	in := sdktest.Open(t, map[string]any{"token": token}, plugin)
	if steps, err := in.Check(t.Context()); err != nil || len(steps) != 1 || steps[0].Problems.Failed() {
		t.Error(steps, err)
	}
}
