source "okta" "corp" {
  org_url   = "https://example.okta.com"
  api_token = env("OKTA_API_TOKEN")
}
targt "jira-cloud" "acme" {
  api_key = "c4n4ry"
}
data_dir = "c4n4ry"
