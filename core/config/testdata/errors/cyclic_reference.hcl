locals {
  a = local.b
  b = "${local.c}!"
  c = local.a
}
source "okta" "corp" {
  org_url = local.a
}
target "jira-cloud" "acme" {
  site    = "https://acme.atlassian.net"
  api_key = env("ORG_KEY")
}
sync "staff" {
  from = [source.okta.corp]
  to   = target.jira-cloud.acme
}
