"""Addresses for Services of type LoadBalancer: what a load-balancer controller would write into their status."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from tools.simulator.api import ApiClient, Manifest
from tools.simulator.errors import SimulatorError

RANGE = ipaddress.IPv4Network("198.51.100.0/24")
"""Set aside for documentation (RFC 5737): no host on any network has such an address."""


def provide_addresses(client: ApiClient) -> tuple[str, ...]:
    """Give each Service of type LoadBalancer that has no address a free one; return `<namespace>/<name>` of those.

    Raises SimulatorError when the range is used up.
    """
    services = [
        service for service in client.list_items("/api/v1/services") if service["spec"].get("type") == "LoadBalancer"
    ]
    taken = {address for service in services for address in _addresses(service)}
    free = (str(host) for host in RANGE.hosts() if str(host) not in taken)
    waiting = [service for service in services if not _addresses(service)]
    return tuple(_assign(client, service, free) for service in waiting)


def _addresses(service: Manifest) -> list[str]:
    ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    return [entry["ip"] for entry in ingress if "ip" in entry]


def _assign(client: ApiClient, service: Manifest, free: Iterator[str]) -> str:
    namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
    address = next(free, None)
    if address is None:
        raise SimulatorError(f"Service {namespace}/{name} gets no address: all of {RANGE} are in use")
    status = {"loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"}]}}
    client.merge(f"/api/v1/namespaces/{namespace}/services/{name}/status", {"status": status})
    return f"{namespace}/{name}"
