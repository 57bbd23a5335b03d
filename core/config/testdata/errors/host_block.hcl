source "okta" "corp" {
  org_url = "https://example.okta.com"
  gateway {
    page_size    = -1
    read_timeot = "1m"
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
