"""A cluster in AWS: network, control plane, nodes and the managed services behind the handle."""
