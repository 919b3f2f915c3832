"""Envoy's listeners from the Gateway and the ClientTrafficPolicy on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tools.servers.envoy_edge.access import JWT, RBAC, RouteAccess
from tools.servers.envoy_edge.limits import BUFFER, GLOBAL, LOCAL
from tools.servers.envoy_edge.objects import Spec, known
from tools.servers.envoy_edge.sign_in import OAUTH2

_TYPES = "type.googleapis.com/envoy.extensions"
_HTTP = f"{_TYPES}.filters.http"
_ROUTER = "envoy.filters.http.router"
_VERSIONS = {"1.2": "TLSv1_2", "1.3": "TLSv1_3"}
_ORDER = (OAUTH2, JWT, BUFFER, RBAC, LOCAL, GLOBAL)
"""Envoy Gateway's own order of the filters in use here (`newOrderedHTTPFilter`)."""
_TIMES = ("requestHeadersReceivedTimeout", "requestReceivedTimeout", "idleTimeout")
RATE_LIMIT_CLUSTER = "ratelimit_cluster"


def http_filters(
    access: Iterable[RouteAccess], order: Iterable[Spec], largest_request: int, *, rate_limit: bool
) -> list[dict[str, Any]]:
    """All filters, put in `order` (EnvoyProxy `filterOrder`). Without a rate limit service there is no global limit."""
    providers: dict[str, Any] = {}
    requirements: dict[str, Any] = {}
    for entry in access:
        providers |= entry.providers
        requirements |= entry.requirements
    configured: dict[str, Any] = {
        OAUTH2: {"@type": f"{_HTTP}.oauth2.v3.OAuth2"},
        JWT: {
            "@type": f"{_HTTP}.jwt_authn.v3.JwtAuthentication",
            "providers": providers,
            "requirement_map": requirements,
        },
        BUFFER: {"@type": f"{_HTTP}.buffer.v3.Buffer", "max_request_bytes": largest_request},
        RBAC: {"@type": f"{_HTTP}.rbac.v3.RBAC"},
        LOCAL: {
            "@type": f"{_HTTP}.local_ratelimit.v3.LocalRateLimit",
            "stat_prefix": "http_local_rate_limiter",
            "max_dynamic_descriptors": 10000,
        },
    }
    if rate_limit:
        configured[GLOBAL] = _rate_limit()
    names = _ordered([name for name in _ORDER if name in configured], order)
    configured[_ROUTER] = {"@type": f"{_HTTP}.router.v3.Router", "suppress_envoy_headers": True}
    return [{"name": name, "typed_config": configured[name]} for name in (*names, _ROUTER)]


def _rate_limit() -> dict[str, Any]:
    service = {"grpc_service": {"envoy_grpc": {"cluster_name": RATE_LIMIT_CLUSTER}}, "transport_api_version": "V3"}
    return {
        "@type": f"{_HTTP}.ratelimit.v3.RateLimit",
        "domain": "edge",
        "timeout": "0.5s",
        "rate_limit_service": service,
        "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
    }


def _ordered(names: list[str], order: Iterable[Spec]) -> list[str]:
    for position in order:
        name, reference = position["name"], position.get("before") or position.get("after")
        if name in names and reference in names:
            names.remove(name)
            names.insert(names.index(reference) + ("after" in position), name)
    return names


def listener(
    name: str, address: tuple[str, int], client: Spec, hosts: list[dict[str, Any]], filters: list[dict[str, Any]]
) -> dict[str, Any]:
    """One listener without TLS. `client` is the ClientTrafficPolicy."""
    known(client, "ClientTrafficPolicy", "targetRefs", "tls", "timeout", "connection", "headers", "clientIPDetection")
    times = known(client["timeout"]["http"], "timeout.http", *_TIMES)
    manager: dict[str, Any] = {
        "@type": f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "route_config": {"name": name, "virtual_hosts": hosts, "ignore_port_in_host_matching": True},
        "http_filters": filters,
        "use_remote_address": True,
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "UNESCAPE_AND_REDIRECT",
        "common_http_protocol_options": {"headers_with_underscores_action": "REJECT_REQUEST"},
        "early_header_mutation_extensions": _early(client["headers"]),
        "request_headers_timeout": times["requestHeadersReceivedTimeout"],
        "request_timeout": times["requestReceivedTimeout"],
    }
    hops = client.get("clientIPDetection", {}).get("xForwardedFor", {}).get("numTrustedHops")
    if hops:
        manager["use_remote_address"] = False
        manager["original_ip_detection_extensions"] = [_forwarded(hops)]
    network = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    host, port = address
    return {
        "name": name,
        "address": {"socket_address": {"address": host, "port_value": port}},
        "filter_chains": [{"filters": [*_connections(name, client["connection"]), network]}],
    }


def with_tls(made: dict[str, Any], client: Spec, certificate: str, key: str) -> dict[str, Any]:
    """The same listener behind TLS. `certificate` and `key` are files in PEM."""
    parameters = {"tls_minimum_protocol_version": _VERSIONS[client["tls"]["minVersion"]]}
    context: dict[str, Any] = {
        "@type": f"{_TYPES}.transport_sockets.tls.v3.DownstreamTlsContext",
        "common_tls_context": {
            "tls_params": {**parameters, "tls_maximum_protocol_version": "TLSv1_3"},
            "tls_certificates": [{"certificate_chain": {"filename": certificate}, "private_key": {"filename": key}}],
            "alpn_protocols": ["h2", "http/1.1"],
        },
    }
    socket = {"name": "envoy.transport_sockets.tls", "typed_config": context}
    return {**made, "filter_chains": [{**chain, "transport_socket": socket} for chain in made["filter_chains"]]}


def _early(headers: Spec) -> list[dict[str, Any]]:
    removed = known(headers["earlyRequestHeaders"], "earlyRequestHeaders", "remove")["remove"]
    return [
        {
            "name": "envoy.http.early_header_mutation.header_mutation",
            "typed_config": {
                "@type": f"{_TYPES}.http.early_header_mutation.header_mutation.v3.HeaderMutation",
                "mutations": [{"remove": name} for name in removed],
            },
        }
    ]


def _forwarded(hops: int) -> dict[str, Any]:
    # Envoy does not count the address of the connection itself, Envoy Gateway does.
    kind = f"{_TYPES}.http.original_ip_detection.xff.v3.XffConfig"
    return {
        "name": "envoy.extensions.http.original_ip_detection.xff",
        "typed_config": {"@type": kind, "xff_num_trusted_hops": hops - 1, "skip_xff_append": False},
    }


def _connections(name: str, connection: Spec) -> list[dict[str, Any]]:
    limit = known(connection, "connection", "connectionLimit")["connectionLimit"]
    return [
        {
            "name": "envoy.filters.network.connection_limit",
            "typed_config": {
                "@type": f"{_TYPES}.filters.network.connection_limit.v3.ConnectionLimit",
                "stat_prefix": name,
                "max_connections": limit["value"],
                "delay": limit["closeDelay"],
            },
        }
    ]
