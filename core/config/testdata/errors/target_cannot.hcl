source "okta" "corp" {
  org_url   = "https://example.okta.com"
  api_token = env("OKTA_API_TOKEN")
}
target "bitbucket" "dc" {
}
sync "staff" {
  from = [source.okta.corp]
  to   = target.bitbucket.dc
  users {
    activate = true
  }
  groups {
  }
}
sync "leavers" {
  from = [source.okta.corp]
  to   = target.bitbucket.dc
  users {
    kind = "usr"
  }
}
