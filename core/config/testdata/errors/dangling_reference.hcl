source "okta" "corp" {
  org_url   = "https://example.okta.com"
  api_token = env("OKTA_API_TOKEN")
}
target "jira-cloud" "acme" {
  site    = "https://acme.atlassian.net"
  api_key = env("ORG_KEY")
}
sync "staff" {
  from = [source.okta.crop, source.ldap.hq]
  to   = target.jira.acme
}
sync "others" {
  from = ["source.okta.corp"]
  to   = source.okta.corp
}
