# People and groups of one JSON file, brought into another. No remote system is needed.
# README.md in this folder has the commands.

gateway {
  data_dir   = "data"
  lock_file  = "data/gateway.lock.hcl"
  plugin_dir = "data/plugins"
}

source "jsonfile-source" "people" {
  path = "people.json" # relative to where the gateway is started
}

target "jsonfile-target" "accounts" {
  path = "data/accounts.json"
}

sync "staff" {
  from = [source.jsonfile-source.people]
  to   = target.jsonfile-target.accounts

  users {
    include = contains(user.groups, "staff")
    match   = ["email"]

    map {
      username     = regex_replace(lower(user.email), "@.*", "")
      email        = lower(user.email)
      display_name = coalesce(user.display_name, "${user.given_name} ${user.family_name}")
      attributes = {
        department = user.department
      }
    }
  }

  groups {
    mode    = "by_name"
    include = regex_match("^team-", group.name)
    name    = trim_prefix(group.name, "team-")
  }

  limits {
    min_population = 3 # the default of 10 is more than this example has
  }
}
