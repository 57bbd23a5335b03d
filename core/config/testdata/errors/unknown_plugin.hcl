source "oktaa" "one" {
  org_url   = "https://example.okta.com"
  api_token = env("OKTA_API_TOKEN")
}
source "entra" "x" {
}
