// Command gateway-okta is the Okta source as a plugin; the gateway starts it.
package main

import (
	"syncgateway/plugins/okta"
	"syncgateway/sdk"
)

var version = "dev"

func main() { sdk.ServeSource(okta.About(version), okta.New()) }
