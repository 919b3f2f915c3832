"""Programs that run inside the model server, mounted from a ConfigMap."""
