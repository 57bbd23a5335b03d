source "okta" "corp" {
  org_url = "https://harbour.okta.example"
}
source "okta" "other" {
  org_url = "https://harbour.okta.example"
}
target "jira-cloud" "acme" {
  site    = "https://harbour.atlassian.example"
  api_key = env("ORG_KEY")
}
sync "staff" {
  from = [source.okta.corp, source.okta.other]
  to   = target.jira-cloud.acme
  join = coalesce(user.external_id, user.id)
  drift {
    patience = "2h"
  }
}
