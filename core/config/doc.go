// Package config turns gateway.hcl into typed settings with the place of each, and
// leaves the body of every source and target block to its plugin's schema. It finds
// what is wrong before anything runs. It starts nothing, and it makes no network call.
package config
