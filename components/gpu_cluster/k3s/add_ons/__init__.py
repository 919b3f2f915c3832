"""What k3s needs inside the cluster: addresses, volumes, upgrades."""
