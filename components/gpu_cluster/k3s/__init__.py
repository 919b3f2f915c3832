"""k3s on hosts of one's own, installed over SSH."""
