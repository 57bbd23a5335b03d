source "okta" "corp" {
  org_url   = "https://example.okta.com"
  api_token = "c4n4ry-literal"
  headers   = { a = env("OKTA_API_TOKEN"), b = "c4n4ry" }
  oauth {
    client_id   = "x"
    private_key = <<-KEY
      c4n4ry
    KEY
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
