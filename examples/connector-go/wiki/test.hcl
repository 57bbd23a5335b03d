# What `gateway plugins test` needs to know: how to start the pretend system. The
# harness says itself how the connector is configured for it.

harness {
  command = ["../bin/fake-wiki"]
}
