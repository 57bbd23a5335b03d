source "okta" "one" {
  org_url = source.okta.two.org_url
}
source "okta" "two" {
  org_url = source.okta.one.org_url
}
