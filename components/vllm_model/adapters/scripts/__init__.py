"""Programs that run beside the model server, mounted from a ConfigMap."""
