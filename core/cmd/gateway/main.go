// Command gateway is the Sync Gateway: daemon and command line.
package main

import (
	"os"

	"syncgateway/core/cli"
)

// version is set by the build.
var version = "dev"

func main() { os.Exit(cli.Main(version, kit, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
