// Command broken is the connectors by which the kit is tested: a source, a target and a
// listener for an invented system, each of which passes every check, and for every
// check a violation that breaks that one alone. BROKEN_ROLE chooses the connector,
// BROKEN the violation, by the id of its check; empty is the healthy connector.
package main

import (
	"fmt"
	"os"

	"syncgateway/sdk"
)

func main() {
	v := &violation{}
	if id := os.Getenv("BROKEN"); id != "" {
		if v = violations[id]; v == nil {
			fmt.Fprintf(os.Stderr, "there is no violation of %q\n", id)
			os.Exit(2)
		}
	}
	if len(os.Args) > 1 && os.Args[1] == "list" {
		for id := range violations {
			fmt.Println(id)
		}
		return
	}
	plugin, err := role(os.Getenv("BROKEN_ROLE"), v)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	serve(plugin, v)
}

func role(name string, v *violation) (*sdk.Plugin, error) {
	switch name {
	case "source":
		return sdk.SourcePlugin(about("acme-source", sdk.Capabilities{Delta: true}), &source{base{violation: v}})
	case "target":
		return sdk.TargetPlugin(targetAbout(), &target{base{violation: v}})
	case "listener":
		return sdk.ListenerPlugin(listenerAbout(), &listener{violation: v})
	}
	return nil, fmt.Errorf("there is no role %q", name)
}
