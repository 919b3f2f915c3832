"""The objects of one Gateway among all that were rendered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tools.servers.errors import ServersError

Spec = Mapping[str, Any]


class EdgeObjects:
    """Specifications by kind: of Gateway `gateway` in `namespace`, its proxies and routes, and policies on them.

    The proxies' EnvoyProxy has the Gateway's name, policies and routes lie beside it. Objects of other Gateways are
    left out.
    """

    def __init__(self, objects: Iterable[Mapping[str, Any]], namespace: str, gateway: str) -> None:
        beside = [item for item in objects if item["metadata"].get("namespace", namespace) == namespace]
        routes = {_name(item) for item in beside if item["kind"] == "HTTPRoute" and _attached(item, gateway)}
        kept = {
            "Gateway": {gateway},
            "EnvoyProxy": {gateway},
            "HTTPRoute": routes,
        }
        self._objects = [
            item
            for item in beside
            if _name(item) in kept.get(item["kind"], {_name(item)}) and _targets(item) <= {gateway, *routes}
        ]

    def all(self, kind: str) -> list[tuple[str, Spec]]:
        """Name and specification of every object of `kind`."""
        return [(_name(item), item["spec"]) for item in self._objects if item["kind"] == kind]

    def only(self, kind: str) -> Spec:
        """The specification of the only object of `kind`. Raises ServersError where there is not exactly one."""
        found = self.all(kind)
        if len(found) != 1:
            raise ServersError(f"{len(found)} objects of kind {kind} where one was expected")
        return found[0][1]

    def on_route(self, kind: str, route: str) -> Spec:
        """The specification of the policy of `kind` on an HTTPRoute; empty where there is none."""
        found = [spec for _, spec in self.all(kind) if any(ref["name"] == route for ref in spec["targetRefs"])]
        return found[0] if found else {}


def _name(item: Mapping[str, Any]) -> str:
    return item["metadata"]["name"]


def _attached(route: Mapping[str, Any], gateway: str) -> bool:
    return any(parent["name"] == gateway for parent in route["spec"]["parentRefs"])


def _targets(item: Mapping[str, Any]) -> set[str]:
    return {target["name"] for target in (item.get("spec") or {}).get("targetRefs", ())}


def known(spec: Spec, place: str, *keys: str) -> Spec:
    """`spec` itself. Raises ServersError for a key beside `keys`."""
    more = sorted(set(spec) - set(keys))
    if more:
        raise ServersError(f"{place}: {', '.join(more)} has no translation to Envoy's configuration here")
    return spec
