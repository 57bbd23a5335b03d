# Okta to Jira Cloud. `make demo` runs this file against a pretend company on
# loopback; with your own variables set it runs against yours.
#
# env() and file() give secrets, which are never shown. What may be shown, such as an
# address, comes from plain_env().

gateway {
  plugin_dir = "bin/plugins" # data_dir is "data", or what GATEWAY_DATA_DIR says
}

source "okta" "corp" {
  org_url   = plain_env("OKTA_ORG_URL")
  api_token = env("OKTA_API_TOKEN")
}

target "jira-cloud" "acme" {
  site      = plain_env("JIRA_SITE_URL")
  email     = plain_env("JIRA_EMAIL")
  api_token = env("JIRA_API_TOKEN")

  org_id    = plain_env("ATLASSIAN_ORG_ID")
  api_key   = env("ATLASSIAN_ORG_KEY")
  admin_url = plain_env("ATLASSIAN_API_URL", "https://api.atlassian.com")

  disable = "suspend"
}

sync "staff" {
  from = [source.okta.corp]
  to   = target.jira-cloud.acme

  schedule {
    every      = "15m"
    full_every = "24h"
    on         = ["event"]
  }

  users {
    include  = contains(user.groups, "jira-users")
    match    = ["email"]
    on_leave = "deactivate"

    map {
      email        = lower(user.email)
      display_name = coalesce(user.display_name, "${user.given_name} ${user.family_name}")
    }
  }

  groups {
    mode    = "by_name"
    include = regex_match("^(jira-|project-|data-)|^(engineering|research|platform|support|design)$", group.name)
    name    = replace(group.name, "jira-administrators", "jira-admins")
  }

  limits {
    min_population = 10

    deactivate {
      count   = 25
      percent = 5
      per     = "24h"
    }
    deactivate {
      percent = 6
      per     = "7d"
    }
    remove_member {
      percent   = 20
      per_group = true
    }
  }
}
