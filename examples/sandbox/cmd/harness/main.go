// Command harness is a harness of the conformance kit as a process: "harness okta" and
// "harness jira-cloud" start a stand-in for that system and do what the kit asks.
package main

import (
	"context"
	"fmt"
	"os"

	"syncgateway/examples/sandbox/kit"
	"syncgateway/sdk/conformance"
)

func main() {
	name := ""
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	h, err := kit.Named(name)
	if err == nil {
		err = conformance.ServeHarness(context.Background(), h)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
