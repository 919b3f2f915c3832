"""Pure builders: from declared edges to NetworkPolicies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

from components.base.wiring import Edge, Endpoint, External, Workload

if TYPE_CHECKING:
    from pulumi_kubernetes.networking.v1 import (
        IPBlockArgsDict,
        NetworkPolicyPeerArgsDict,
        NetworkPolicyPortArgsDict,
        NetworkPolicySpecArgsDict,
    )

NAMESPACE_LABEL = "kubernetes.io/metadata.name"
"""Set by the API server on every namespace; nobody can forge it on another one."""


def default_deny_spec() -> NetworkPolicySpecArgsDict:
    """Selects every pod of a namespace and allows nothing, in either direction."""
    return {"pod_selector": {}, "policy_types": ["Ingress", "Egress"]}


def dns_spec(dns: Endpoint) -> NetworkPolicySpecArgsDict:
    """Lets every pod of a namespace ask the cluster's DNS, and no other resolver."""
    ports: list[NetworkPolicyPortArgsDict] = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
    return {
        "pod_selector": {},
        "policy_types": ["Egress"],
        "egress": [{"to": _peers(dns), "ports": ports}],
    }


def workload_spec(workload: Workload, edges: Iterable[Edge]) -> NetworkPolicySpecArgsDict:
    """What `workload` may accept and open, from the edges at whose ends it stands."""
    edges = tuple(edges)
    ingress = _by_peer(edge for edge in edges if edge.target == workload)
    egress = _by_peer(edge for edge in edges if edge.source == workload)
    types = [*(["Ingress"] if ingress else []), *(["Egress"] if egress else [])]
    spec: NetworkPolicySpecArgsDict = {
        "pod_selector": {"match_labels": dict(workload.selector)},
        "policy_types": types,
    }
    if ingress:
        spec["ingress"] = [{"from_": _peers(edge.source), "ports": ports} for edge, ports in ingress]
    if egress:
        spec["egress"] = [{"to": _peers(edge.target), "ports": ports} for edge, ports in egress]
    return spec


def workloads(edges: Iterable[Edge], namespaces: Iterable[str]) -> tuple[Workload, ...]:
    """Workloads at either end of an edge that live in one of `namespaces`, in a stable order."""
    known = set(namespaces)
    ends = {end for edge in edges for end in (edge.source, edge.target) if isinstance(end, Workload)}
    return tuple(sorted((end for end in ends if end.namespace in known), key=lambda end: end.address))


def edge_records(edges: Iterable[Edge]) -> list[Mapping[str, Any]]:
    """The edges as the graph shows them: `protocol` where it is not TCP, `lastPort` where it is a range."""
    return [_edge_record(edge) for edge in edges]


def _edge_record(edge: Edge) -> Mapping[str, Any]:
    record: dict[str, Any] = {"from": edge.source.address, "to": edge.target.address, "port": edge.port}
    if edge.protocol != "TCP":
        record["protocol"] = edge.protocol
    if edge.last_port:
        record["lastPort"] = edge.last_port
    return record


def end_records(ends: Iterable[Endpoint]) -> Mapping[str, Mapping[str, Any]]:
    """Who stands at the ends of edges, by address: the labels of pods, or the address ranges of what is outside."""
    return {end.address: _end_record(end) for end in sorted(set(ends), key=lambda end: end.address)}


def _end_record(end: Endpoint) -> Mapping[str, Any]:
    match end:
        case Workload():
            return {"namespace": end.namespace, "labels": dict(end.selector)}
        case External():
            return {"cidrs": list(end.cidrs), "except": list(end.excluded)}


def _by_peer(edges: Iterable[Edge]) -> list[tuple[Edge, list[NetworkPolicyPortArgsDict]]]:
    groups: dict[tuple[Endpoint, Endpoint], tuple[Edge, list[NetworkPolicyPortArgsDict]]] = {}
    for edge in edges:
        _, ports = groups.setdefault((edge.source, edge.target), (edge, []))
        port: NetworkPolicyPortArgsDict = {"port": edge.port, "protocol": edge.protocol}
        ports.append(port | {"end_port": edge.last_port} if edge.last_port else port)
    return list(groups.values())


def _peers(end: Endpoint) -> list[NetworkPolicyPeerArgsDict]:
    match end:
        case Workload():
            return [
                {
                    "namespace_selector": {"match_labels": {NAMESPACE_LABEL: end.namespace}},
                    "pod_selector": {"match_labels": dict(end.selector)},
                }
            ]
        case External():
            return [{"ip_block": _ip_block(cidr, end.excluded)} for cidr in end.cidrs]


def _ip_block(cidr: str, excluded: tuple[str, ...]) -> IPBlockArgsDict:
    # The API server refuses an `except` range outside its `cidr`.
    inside = [text for text in excluded if IPv4Network(text).subnet_of(IPv4Network(cidr))]
    return {"cidr": cidr, "except_": inside} if inside else {"cidr": cidr}
