source "okta" {
}
sync "two words" {
}
