source "okta" "corp" {
  api_token = env("OKTA_API_TOKEN")
  oauth {
    client_id = "x"
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
