source "okta" "corp" {
  org_url   = "https://example.okta.com"
  api_token = env("OKTA_API_TOKEN")
}
target "jira-cloud" "acme" {
  site    = "https://acme.atlassian.net"
  api_key = env("ORG_KEY")
}
sync "staff" {
  from = [source.okta.corp]
  to   = target.jira-cloud.acme
  limits {
    update {
      per = "7d"
    }
  }
}
