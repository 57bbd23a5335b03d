locals {
  t = "c4n4ry"
  n = c4n4ry
}
source "okta" "corp" {
  org_url   = "https://example.okta.com"
  api_token = local.t
  oauth {
    client_id   = "x"
    private_key = lower("c4n4ry")
  }
}
target "jira-cloud" "acme" {
  site    = "https://acme.atlassian.net"
  api_key = env("ORG_KEY")
}
sync "staff" {
  from = [source.okta.corp]
  to   = target.jira-cloud.acme
}
