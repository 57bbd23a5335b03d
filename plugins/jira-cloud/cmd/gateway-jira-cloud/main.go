// Command gateway-jira-cloud is the connector for Jira Cloud, started by the gateway.
package main

import (
	jiracloud "syncgateway/plugins/jira-cloud"
	"syncgateway/sdk"
)

var version = "dev"

func main() { sdk.ServeTarget(jiracloud.About(version), &jiracloud.Target{}) }
