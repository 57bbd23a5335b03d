// Command gateway-synthetic-target is the synthetic target plugin.
package main

import (
	"syncgateway/examples/synthetic/target"
	"syncgateway/sdk"
)

var version = "dev"

func main() { sdk.ServeTarget(target.About(version), &target.Target{}) }
