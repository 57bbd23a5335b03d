# A place to push to: SCIM 2.0 at http://127.0.0.1:8085/in/idp/v2, 1.1 at /in/idp/v1.
# The token comes from the variable SCIM_TOKEN, and has at least 16 characters.
# README.md says how to start it, and how a sync takes what is pushed further.

gateway {
  plugin_dir = "../../bin/plugins"
  lock_file  = "../../gateway.lock.hcl"
  listen     = "127.0.0.1:8085" # data_dir is "data", or what GATEWAY_DATA_DIR says
}

source "scim" "idp" {
  token = env("SCIM_TOKEN")
}
