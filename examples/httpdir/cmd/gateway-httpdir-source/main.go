// Command gateway-httpdir-source is the source plugin of package httpdir.
package main

import (
	"syncgateway/examples/httpdir"
	"syncgateway/sdk"
)

var version = "dev"

func main() { sdk.ServeSource(httpdir.SourceAbout(version), &httpdir.Source{}) }
