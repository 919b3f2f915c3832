"""Envoy's routes from HTTPRoutes, in the order in which Gateway API prefers them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tools.servers.envoy_edge.access import RouteAccess
from tools.servers.envoy_edge.limits import BUFFER, GLOBAL, LOCAL, global_limit, local_limit, size_limit
from tools.servers.envoy_edge.objects import EdgeObjects, Spec, known
from tools.servers.errors import ServersError

_ANY_PATH = {"path": {"type": "PathPrefix", "value": "/"}}


def virtual_hosts(objects: EdgeObjects, listener: str, access: dict[str, RouteAccess]) -> list[dict[str, Any]]:
    """One virtual host per name that routes of `listener` serve. `access` is by name of the route."""
    by_host: dict[str, list[tuple[tuple[int, ...], dict[str, Any]]]] = {}
    for name, spec in objects.all("HTTPRoute"):
        if all(parent.get("sectionName") != listener for parent in spec["parentRefs"]):
            continue
        for host in spec.get("hostnames", ["*"]):
            by_host.setdefault(host, []).extend(_routes(objects, name, spec, access[name]))
    return [
        {
            "name": host,
            "domains": [host],
            "routes": [route for _, route in sorted(routes, key=lambda ranked: ranked[0], reverse=True)],
        }
        for host, routes in by_host.items()
    ]


def backends(objects: EdgeObjects) -> dict[str, str]:
    """Address in the cluster (host:port) by Envoy's name of the cluster that routes lead to."""
    references = [
        reference
        for _, spec in objects.all("HTTPRoute")
        for rule in spec["rules"]
        for reference in rule.get("backendRefs", [])
    ]
    return {_backend(reference): f"{reference['name']}:{reference['port']}" for reference in references}


def _routes(
    objects: EdgeObjects, name: str, spec: Spec, access: RouteAccess
) -> Iterator[tuple[tuple[int, ...], dict[str, Any]]]:
    traffic = objects.on_route("BackendTrafficPolicy", name)
    limits = _limits(traffic)
    for rule in spec["rules"]:
        known(rule, f"HTTPRoute {name}", "matches", "filters", "backendRefs", "timeouts")
        for match in rule.get("matches", [_ANY_PATH]):
            route: dict[str, Any] = {"match": _match(match), **_action(objects, rule, traffic)}
            if "route" in route:
                route["typed_per_filter_config"] = {**limits, **access.per_route}
            yield _rank(match), route


def _rank(match: Spec) -> tuple[int, ...]:
    path = match["path"]
    exact = path["type"] == "Exact"
    return (int(exact), len(path["value"]), int("method" in match), len(match.get("headers", [])))


def _match(match: Spec) -> dict[str, Any]:
    known(match, "matches", "path", "method", "headers")
    kind, value = match["path"]["type"], match["path"]["value"]
    prefix = {"prefix": "/"} if value == "/" else {"path_separated_prefix": value}
    path = {"path": value} if kind == "Exact" else prefix
    headers = [_header(header) for header in match.get("headers", [])]
    if "method" in match:
        headers.append({"name": ":method", "string_match": {"exact": match["method"]}})
    return {**path, **({"headers": headers} if headers else {})}


def _header(header: Spec) -> dict[str, Any]:
    if header["type"] != "RegularExpression":
        raise ServersError(f"header matches of type {header['type']} have no translation here")
    return {"name": header["name"], "string_match": {"safe_regex": {"regex": header["value"]}}}


def _action(objects: EdgeObjects, rule: Spec, traffic: Spec) -> dict[str, Any]:
    removed: list[str] = []
    for item in rule.get("filters", []):
        if item["type"] == "RequestRedirect":
            redirect = item["requestRedirect"]
            # Envoy Gateway names the codes that Envoy has names for.
            code = {301: "MOVED_PERMANENTLY", 302: "FOUND"}[redirect["statusCode"]]
            return {"redirect": {"scheme_redirect": redirect["scheme"], "response_code": code}}
        if item["type"] == "ExtensionRef":
            return {"direct_response": {"status": _answer(objects, item["extensionRef"]["name"])}}
        removed.extend(known(item["requestHeaderModifier"], "requestHeaderModifier", "remove")["remove"])
    [backend] = rule["backendRefs"]
    action: dict[str, Any] = {"cluster": _backend(backend)}
    if rule.get("timeouts"):
        action["timeout"] = rule["timeouts"]["request"]
    idle = traffic.get("timeout", {}).get("http", {}).get("streamIdleTimeout")
    if idle:
        action["idle_timeout"] = idle
    return {"route": action, **({"request_headers_to_remove": removed} if removed else {})}


def _answer(objects: EdgeObjects, name: str) -> int:
    [spec] = [spec for found, spec in objects.all("HTTPRouteFilter") if found == name]
    return spec["directResponse"]["statusCode"]


def _backend(reference: Spec) -> str:
    return f"{reference['name']}_{reference['port']}"


def _limits(traffic: Spec) -> dict[str, Any]:
    """Per-route configuration by filter, from the BackendTrafficPolicy."""
    keys = ("targetRefs", "timeout", "circuitBreaker", "requestBuffer", "rateLimit")
    known(traffic, "BackendTrafficPolicy", *keys)
    found: dict[str, Any] = {}
    if traffic.get("requestBuffer"):
        found[BUFFER] = size_limit(traffic["requestBuffer"]["limit"])
    limits = known(traffic.get("rateLimit", {}), "rateLimit", "local", "global")
    if limits.get("local"):
        found[LOCAL] = local_limit(limits["local"]["rules"])
    if limits.get("global"):
        found[GLOBAL] = global_limit(_policy_name(traffic["targetRefs"]), limits["global"]["rules"])
    return found


def _policy_name(targets: Iterable[Spec]) -> str:
    return "/".join(target["name"] for target in targets)
