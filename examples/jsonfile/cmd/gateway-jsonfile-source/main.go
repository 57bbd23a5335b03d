// Command gateway-jsonfile-source is the JSON file source plugin.
package main

import (
	"syncgateway/examples/jsonfile"
	"syncgateway/sdk"
)

var version = "dev"

func main() { sdk.ServeSource(jsonfile.SourceAbout(version), &jsonfile.Source{}) }
