// Command gateway-httpdir-target is the target plugin of package httpdir.
package main

import (
	"syncgateway/examples/httpdir"
	"syncgateway/sdk"
)

var version = "dev"

func main() { sdk.ServeTarget(httpdir.TargetAbout(version), &httpdir.Target{}) }
