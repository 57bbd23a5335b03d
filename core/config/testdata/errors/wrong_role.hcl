source "jira-cloud" "acme" {
  site = "https://acme.atlassian.net"
}
target "okta" "corp" {
  org_url   = "https://example.okta.com"
  api_token = env("OKTA_API_TOKEN")
}
