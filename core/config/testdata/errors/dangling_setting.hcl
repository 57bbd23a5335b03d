source "okta" "corp" {
  org_url   = local.org_ulr
  api_token = target.jira-cloud.acme.api_kee
  timeout   = target.jira-cloud.acme
}
target "jira-cloud" "acme" {
  site    = "https://acme.atlassian.net"
  api_key = env("ORG_KEY")
}
sync "staff" {
  from = [source.okta.corp]
  to   = target.jira-cloud.acme
}
locals {
  org_url = "x"
}
