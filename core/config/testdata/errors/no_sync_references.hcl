sync "staff" {
  to = target.jira-cloud.acme.site
}
target "jira-cloud" "acme" {
  site    = "https://acme.atlassian.net"
  api_key = env("ORG_KEY")
}
