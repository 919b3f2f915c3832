"""Envoy's whole configuration file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.inference_gateway.names import EDGE_NAME
from tools.servers.envoy_edge.access import route_access
from tools.servers.envoy_edge.limits import size_limit
from tools.servers.envoy_edge.listeners import RATE_LIMIT_CLUSTER, http_filters, listener, with_tls
from tools.servers.envoy_edge.objects import EdgeObjects, known
from tools.servers.envoy_edge.routes import backends, virtual_hosts
from tools.servers.envoy_edge.sign_in import secrets
from tools.simulator.ports import LOOPBACK

_HTTP2 = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


@dataclass(frozen=True, kw_only=True)
class EdgeAddresses:
    """`http`, `https` and `admin` are Envoy's own ports. `inside` maps an address in the cluster (`service:port`, or
    `host:port` of a URL) to host:port on loopback. `rate_limit` is the service that counts for all proxies, None for
    none: then the global limits are left out, as when the service is away.
    """

    http: int
    https: int
    admin: int
    inside: Mapping[str, str]
    rate_limit: str | None = None
    client_secret: str = "client-secret-of-a-rehearsal"  # noqa: S105 # no service but a fake one takes it


def bootstrap(
    objects: Iterable[Mapping[str, Any]], addresses: EdgeAddresses, *, certificate: Path, key: Path, namespace: str
) -> dict[str, Any]:
    """The configuration. Raises ServersError for a rule that has no translation."""
    edge = EdgeObjects(objects, namespace, EDGE_NAME)
    client = edge.only("ClientTrafficPolicy")
    access = {name: route_access(name, edge.on_route("SecurityPolicy", name)) for name, _ in edge.all("HTTPRoute")}
    largest = max(
        size_limit(spec["requestBuffer"]["limit"])["buffer"]["max_request_bytes"]
        for _, spec in edge.all("BackendTrafficPolicy")
    )
    filters = http_filters(
        access.values(),
        edge.only("EnvoyProxy").get("filterOrder", []),
        largest,
        rate_limit=addresses.rate_limit is not None,
    )
    listeners: list[dict[str, Any]] = []
    for given in edge.only("Gateway")["listeners"]:
        known(given, "listeners", "name", "port", "protocol", "hostname", "tls", "allowedRoutes")
        secure = given["protocol"] == "HTTPS"
        port = addresses.https if secure else addresses.http
        made = listener(given["name"], (LOOPBACK, port), client, virtual_hosts(edge, given["name"], access), filters)
        listeners.append(with_tls(made, client, str(certificate), str(key)) if secure else made)
    clusters = [_cluster(name, addresses.inside[address]) for name, address in backends(edge).items()]
    keys = sorted({address for entry in access.values() for address in entry.keys_at})
    clusters += [_cluster(address, addresses.inside[address]) for address in keys]
    if addresses.rate_limit is not None:
        clusters.append(_grpc(_cluster(RATE_LIMIT_CLUSTER, addresses.rate_limit)))
    return {
        "admin": {"address": {"socket_address": {"address": LOOPBACK, "port_value": addresses.admin}}},
        # As in Envoy Gateway's own bootstrap.
        "layered_runtime": {
            "layers": [{"name": "global_config", "static_layer": {"re2.max_program_size.error_level": 4294967295}}]
        },
        "static_resources": {
            "listeners": listeners,
            "clusters": clusters,
            # For the browser sign-in; made up, as everything that is only known on loopback.
            "secrets": secrets(addresses.client_secret, "cookies-of-a-rehearsal"),
        },
    }


def _cluster(name: str, address: str) -> dict[str, Any]:
    host, _, port = address.partition(":")
    socket = {"socket_address": {"address": host, "port_value": int(port)}}
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": socket}}]}]
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": {"cluster_name": name, "endpoints": endpoints},
    }


def _grpc(cluster: dict[str, Any]) -> dict[str, Any]:
    options = {"@type": f"type.googleapis.com/{_HTTP2}", "explicit_http_config": {"http2_protocol_options": {}}}
    return {**cluster, "typed_extension_protocol_options": {_HTTP2: options}}
