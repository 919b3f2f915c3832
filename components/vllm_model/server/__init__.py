"""The model server's pod: arguments, environment, volumes, probes and size."""
