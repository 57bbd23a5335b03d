source "okta" "corp" {
  org_url   = "https://example.okta.com"
  api_token = "c4n4ry
  headers = { "c4n4ry" = "c4n4ry" }
}
target "jira-cloud" "acme" {
  site    = "https://acme.atlassian.net"
  api_key = env("ORG_KEY")
}
sync "staff" {
  from = [source.okta.corp]
  to   = target.jira-cloud.acme
}
