source "okta" "corp" {
  org_url = "http:/"
  scopes  = ["user"]
  share   = 2.5
  timeout = "2h"
}
target "jira-cloud" "acme" {
  site    = "https://acme.atlassian.net"
  api_key = env("ORG_KEY")
}
sync "staff" {
  from = [source.okta.corp]
  to   = target.jira-cloud.acme
}
