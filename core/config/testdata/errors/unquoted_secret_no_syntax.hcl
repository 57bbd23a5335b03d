source "okta" "corp" {
  org_url   = "https://example.okta.com"
  api_token = 00c4n4ry-x_9
}
target "jira-cloud" "acme" {
  site    = "https://acme.atlassian.net"
  api_key = env("ORG_KEY")
}
sync "staff" {
  from = [source.okta.corp]
  to   = target.jira-cloud.acme
}
