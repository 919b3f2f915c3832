"""What a k3s control plane is configured with."""
