package jsonfile

import (
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"syncgateway/sdk/conformance"
)

// folder is a fake that is nothing but a file.
type folder struct {
	t    *testing.T
	path string
}

func (f *folder) About() conformance.About {
	config, err := json.Marshal(Config{Path: f.path})
	if err != nil {
		f.t.Error(err)
	}
	return conformance.About{Config: config}
}

// Seed writes the file. The first account is an administrator's.
func (f *folder) Seed(_ context.Context, c conformance.Company) (map[string]string, error) {
	file := &File{Users: []User{{ID: "root", Username: "root", Email: "root@kit.example", Active: true, Protected: "an administrator"}}}
	in := map[string][]string{}
	for _, g := range c.Groups {
		file.Groups = append(file.Groups, Group{ID: g.ID, Name: g.Name, Children: g.Groups})
		for _, id := range g.Users {
			in[id] = append(in[id], g.ID)
		}
	}
	for _, u := range c.Users {
		file.Users = append(file.Users, User{ID: u.ID, Username: u.Username, Email: u.Email, DisplayName: u.DisplayName, GivenName: u.GivenName,
			FamilyName: u.FamilyName, Active: u.Active, Groups: in[u.ID]})
	}
	return nil, file.save(f.path)
}

func (f *folder) State(context.Context) (conformance.Company, error) {
	file, err := load(f.path, true)
	if err != nil {
		return conformance.Company{}, err
	}
	var c conformance.Company
	for _, u := range file.Users {
		out := conformance.User{ID: u.ID, Username: u.Username, Email: u.Email, DisplayName: u.DisplayName, GivenName: u.GivenName,
			FamilyName: u.FamilyName, Active: u.Active, Protected: u.Protected != "", Attributes: map[string]string{}}
		for name, values := range u.Attributes {
			out.Attributes[name] = values[0]
		}
		c.Users = append(c.Users, out)
	}
	for _, g := range file.Groups {
		c.Groups = append(c.Groups, conformance.Group{ID: g.ID, Name: g.Name, Users: file.members(g.ID), Groups: g.Children})
	}
	return c, nil
}

func (f *folder) Close() error { return nil }

// TestConformance runs the kit on both connectors. What needs an HTTP server is skipped.
func TestConformance(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "./cmd/...").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	harness := conformance.HarnessFunc(func(ctx context.Context) (conformance.Remote, error) {
		f := &folder{t, filepath.Join(t.TempDir(), "people.json")}
		_, err := f.Seed(ctx, conformance.Company{})
		return f, err
	})
	for role, run := range map[string]func(*testing.T, conformance.Options) *conformance.Report{"source": conformance.Source, "target": conformance.Target} {
		t.Run(role, func(t *testing.T) {
			report := run(t, conformance.Options{Binary: filepath.Join(dir, "gateway-jsonfile-"+role), Harness: harness})
			passed, failed, skipped := report.Count()
			t.Logf("%d passed, %d failed, %d skipped in %s", passed, failed, skipped, report.Duration)
		})
	}
}
