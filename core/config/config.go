package config

import (
	"syncgateway/core/schema"
)

// Config is one gateway.hcl, complete with defaults.
type Config struct {
	Filename string
	Dir      string // what relative paths are relative to
	Gateway  Gateway
	Plugins  []*Plugin
	Sources  []*Connector
	Targets  []*Connector
	Syncs    []*Sync
}

// Plugin returns the plugin block for a type, nil when there is none.
func (c *Config) Plugin(typ string) *Plugin {
	for _, p := range c.Plugins {
		if p.Type == typ {
			return p
		}
	}
	return nil
}

// Sync returns the sync of that name, nil when there is none.
func (c *Config) Sync(name string) *Sync {
	for _, s := range c.Syncs {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Connector returns the source or target block at an address such as
// "source.okta.corp", nil when there is none.
func (c *Config) Connector(ref string) *Connector {
	for _, x := range c.Connectors() {
		if x.Ref() == ref {
			return x
		}
	}
	return nil
}

// Connectors are all source and target blocks in file order, sources first.
func (c *Config) Connectors() []*Connector {
	return append(append(make([]*Connector, 0, len(c.Sources)+len(c.Targets)), c.Sources...), c.Targets...)
}

// PluginTypes are the types of the source and target blocks, each once, in file order.
func (c *Config) PluginTypes() []string {
	var types []string
	seen := map[string]bool{}
	for _, x := range c.Connectors() {
		if !seen[x.Type] {
			seen[x.Type] = true
			types = append(types, x.Type)
		}
	}
	return types
}

// Lookup finds a plugin's description by its type; an error means there is none, and
// says why.
type Lookup func(typ string) (*schema.Plugin, error)
