"""Where the internal gateway of weighted models is: names that the gateway, the models and the settings agree on.

Models that are rolled out by weight are called through a proxy of their own, which splits requests between the running
version and its successor. It exists only where a model needs it.
"""

from __future__ import annotations

from components.base import namespaces
from components.base.naming import service_host

NAME = "models"
"""Name of the Gateway, of its EnvoyProxy and of the Service in front of the proxies."""

NAMESPACE = namespaces.GATEWAY

PORT = 8080
"""Port of the listener, of the Service and of the proxies: Envoy Gateway moves only ports below 1024."""

HOST = service_host(NAME, NAMESPACE)


def model_path(model: str) -> str:
    """Path prefix below which the proxy serves `model`; what follows it is what the model server sees."""
    return f"/{model}"
