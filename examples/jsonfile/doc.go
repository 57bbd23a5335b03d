// Package jsonfile is a source and a target that keep everything in one JSON file: for
// trying rules out without any remote system, and for tests of the whole pipeline.
//
// The file holds people and groups:
//
//	{
//	  "users":  [{"id": "1", "email": "ada@example.org", "active": true, "groups": ["g1"]}],
//	  "groups": [{"id": "g1", "name": "engineering", "children": ["g2"]}]
//	}
package jsonfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"syncgateway/sdk"
	"syncgateway/sdk/schema"
)

// File is the content of the file.
type File struct {
	Users  []User  `json:"users"`
	Groups []Group `json:"groups"`
	// Faults are what a source is to get wrong, for tests: "users_fail", "groups_fail"
	// break the read off in the middle; "hide:ID" leaves a user out of listings.
	Faults []string `json:"faults,omitempty"`
	// Refuse makes a target fail operations on these users.
	Refuse []string `json:"refuse,omitempty"`
	// Writes counts the operations a target carried out.
	Writes int `json:"writes,omitempty"`
}

// User is one person or account.
type User struct {
	ID          string              `json:"id"`
	Username    string              `json:"username,omitempty"`
	Email       string              `json:"email,omitempty"`
	DisplayName string              `json:"display_name,omitempty"`
	GivenName   string              `json:"given_name,omitempty"`
	FamilyName  string              `json:"family_name,omitempty"`
	Active      bool                `json:"active"`
	Attributes  map[string][]string `json:"attributes,omitempty"`
	Groups      []string            `json:"groups,omitempty"`
	Protected   string              `json:"protected,omitempty"` // targets: why
}

// Group is one group.
type Group struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Children    []string `json:"children,omitempty"`
	ReadOnly    string   `json:"read_only,omitempty"`  // targets: why
	Privileged  string   `json:"privileged,omitempty"` // targets: what it gives
}

// Config is the plugin's block.
type Config struct {
	Path string `json:"path"`
}

func configSchema() schema.Schema {
	return schema.Of(schema.String("path").Required().Doc("The JSON file.").Example("people.json"))
}

// load reads the file. A target's file need not be there yet.
func load(path string, must bool) (*File, error) {
	var f File
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !must {
		return &f, nil
	}
	if err != nil {
		return nil, sdk.Unavailable("read the file: %v", err)
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, sdk.Invalid("%s is not what is expected: %v", path, err)
	}
	return &f, nil
}

// save writes the file whole or not at all.
func (f *File) save(path string) error {
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the file: %w", err)
	}
	return os.Rename(tmp, path)
}

func (f *File) user(id string) *User {
	i := slices.IndexFunc(f.Users, func(u User) bool { return u.ID == id })
	if i < 0 {
		return nil
	}
	return &f.Users[i]
}

func (f *File) group(id string) *Group {
	i := slices.IndexFunc(f.Groups, func(g Group) bool { return g.ID == id })
	if i < 0 {
		return nil
	}
	return &f.Groups[i]
}

func (f *File) fault(name string) bool { return slices.Contains(f.Faults, name) }

func (u *User) record() sdk.User {
	r := sdk.User{ID: u.ID, Username: u.Username, Email: u.Email, DisplayName: u.DisplayName, GivenName: u.GivenName,
		FamilyName: u.FamilyName, Active: u.Active}
	for name, values := range u.Attributes {
		r.Attributes.Set(name, values...)
	}
	return r
}

// members are the ids of the users in a group.
func (f *File) members(group string) []string {
	var ids []string
	for _, u := range f.Users {
		if slices.Contains(u.Groups, group) {
			ids = append(ids, u.ID)
		}
	}
	return ids
}

func sameText(a, b string) bool { return a != "" && strings.EqualFold(a, b) }
