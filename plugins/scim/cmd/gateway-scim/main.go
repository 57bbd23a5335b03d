// Command gateway-scim is the SCIM listener as a plugin; the gateway starts it.
package main

import (
	"syncgateway/plugins/scim"
	"syncgateway/sdk"
)

var version = "dev"

func main() { sdk.ServeListener(scim.About(version), scim.New()) }
