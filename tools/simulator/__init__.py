"""A real Kubernetes control plane on this machine, with simulated nodes: no account, no GPU, no containers."""
