# What `gateway plugins test` needs to know: how to start the harness, which says
# itself how the connector is configured.

harness {
  command = ["python3", "harness.py"]
}
