"""Default-deny network policies, and exactly the connections that the wiring declares."""

from components.network_isolation.component import NetworkIsolation, NetworkIsolationArgs

__all__ = ["NetworkIsolation", "NetworkIsolationArgs"]
