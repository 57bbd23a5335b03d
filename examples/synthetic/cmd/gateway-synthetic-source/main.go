// Command gateway-synthetic-source is the synthetic source plugin.
package main

import (
	"syncgateway/examples/synthetic/source"
	"syncgateway/sdk"
)

var version = "dev"

func main() { sdk.ServeSource(source.About(version), &source.Source{}) }
