# Two identity providers that push, and Jira Cloud. `make demo-scim` runs this file
# against a pretend company on loopback; with your own variables set it runs against yours.
#
# Tokens are made by the gateway: gateway tokens create idp

gateway {
  plugin_dir = "../../bin/plugins"
  lock_file  = "../../gateway.lock.hcl"
  listen     = plain_env("GATEWAY_LISTEN", "127.0.0.1:8085") # SCIM 2.0 at /in/idp/v2
}

source "scim" "idp" {} # the company's own: Okta, in the demo

source "scim" "partner" {} # people of a partner: Entra, in the demo

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
  from = [source.scim.idp, source.scim.partner]
  to   = target.jira-cloud.acme
  join = lower(user.email)

  schedule {
    every = "1h"
    on    = ["event"] # every push starts a run, within a second
  }

  users {
    match    = ["email"]
    on_leave = "deactivate"

    map {
      email        = lower(user.email)
      display_name = coalesce(user.display_name, "${user.given_name} ${user.family_name}")
    }
  }

  groups {
    mode = "by_name"
  }

  limits {
    deactivate {
      count   = 5
      percent = 20
      per     = "24h"
    }
    remove_member {
      count = 20
    }
  }
}
