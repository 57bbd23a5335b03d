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
  schedule {
    every = "soon"
    on    = ["events"]
  }
  users {
    deactivat = false
    on_leave  = "disable"
    map {
      e_mail = user.email
    }
  }
  groups {
    mode   = "byname"
    nested = true
  }
  limits {
    max_shrink = 120
    delete {
      precent = 5
    }
  }
}
