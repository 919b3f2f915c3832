"""Programs that run inside pods, mounted from ConfigMaps."""
