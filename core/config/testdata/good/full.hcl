gateway {
  data_dir   = "data"                      # SQLite, sockets, lock
  plugin_dir = "bin/plugins"
  listen     = "127.0.0.1:8080"            # console, API, metrics, and /in/<source>/ of every listener
  public_url = "https://gateway.example"   # what listeners put into the URLs they hand out
}

source "okta" "corp" {                     # label 1: plugin; label 2: your name for it
  org_url   = "https://example.okta.com"
  api_token = env("OKTA_API_TOKEN")
}

source "ldap" "hq" {
  url      = "ldaps://ldap.example:636"
  bind_dn  = "cn=sync,dc=example,dc=org"
  password = file("secrets/ldap-password")
  base_dn  = "dc=example,dc=org"
}

source "scim" "contractors" {              # a listener: IdPs push to /in/contractors/v2
  token = file("secrets/contractors-token")
}

target "jira-cloud" "acme" {
  site    = "https://acme.atlassian.net"
  org_id  = "…"
  api_key = env("ATLASSIAN_ORG_KEY")
}

sync "staff" {
  from = [source.okta.corp, source.ldap.hq]   # precedence: the first that has a value wins, per attribute
  to   = target.jira-cloud.acme
  join = lower(user.email)                    # how the same person is recognised across sources

  schedule {
    every      = "15m"                        # or cron = "*/15 * * * *"
    full_every = "24h"
    on         = ["event", "login"]
  }

  users {
    include    = user.active && contains(user.groups, "atlassian-users")
    match      = ["email"]
    create     = true                         # "Enable Import Users"
    update     = true
    activate   = true                         # "Enable Users"
    deactivate = true                         # "Disable Users"
    on_leave   = "deactivate"                 # keep | deactivate | delete
    grace      = "72h"                        # cancelled when they come back

    map {
      username     = regex_replace(user.username, "(.*)@.*", "$1")
      email        = lower(user.email)
      display_name = coalesce(user.display_name, "${user.given_name} ${user.family_name}")
      attributes = {
        department = user.department
        manager    = user.attributes.manager
      }
    }
  }

  groups {
    mode    = "by_name"                       # on the fly: same name, created when missing; or "mapped"
    include = regex_match("^jira-", group.name)
    name    = trim_prefix(group.name, "jira-")
    map     = { "okta-admins" = ["jira-administrators", "site-admins"] }   # mode = "mapped"
    create  = true                            # "Enable Import Groups"
    keep_existing = true                      # memberships made by hand stay
    nested  = "flatten"
    for_new_users = ["jira-software-users"]
    for_all_users = ["everyone"]
  }

  limits {
    deactivate    { count = 25  percent = 5   per = "24h" }
    remove_member { percent = 20 per_group = true }
    min_population = 10
    protect        = ["admin@example.org"]
  }
}
