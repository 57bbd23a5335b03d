// Command gateway-jsonfile-target is the JSON file target plugin.
package main

import (
	"syncgateway/examples/jsonfile"
	"syncgateway/sdk"
)

var version = "dev"

func main() { sdk.ServeTarget(jsonfile.TargetAbout(version), &jsonfile.Target{}) }
