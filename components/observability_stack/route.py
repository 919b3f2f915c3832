"""The public address of Grafana."""

from __future__ import annotations

from typing import Any

from components.base import namespaces
from components.base.operator_objects import GRAFANA_SERVICE

GRAFANA_PORT = 80


def grafana_host(domain: str) -> str:
    """Host name of Grafana under the platform's `domain`."""
    return f"grafana.{domain}"


def route_spec(domain: str) -> dict[str, Any]:
    """`spec` of the HTTPRoute (gateway.networking.k8s.io/v1) that leads to the chart's Service."""
    return {
        "parentRefs": [{"name": "edge", "namespace": namespaces.GATEWAY, "sectionName": "https"}],
        "hostnames": [grafana_host(domain)],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                "backendRefs": [{"name": GRAFANA_SERVICE, "port": GRAFANA_PORT}],
            }
        ],
    }
