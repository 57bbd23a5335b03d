source "okta" "corp" {
  org_url = "https://example.okta.com"
  outh {
    private_key = "c4n4ry"
  }
  scopes {
  }
  oauth = "c4n4ry"
}
target "jira-cloud" "acme" {
  site    = "https://acme.atlassian.net"
  api_key = env("ORG_KEY")
}
sync "staff" {
  from = [source.okta.corp]
  to   = target.jira-cloud.acme
}
