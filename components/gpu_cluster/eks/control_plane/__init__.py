"""The control plane with its role, keys and add-ons."""
