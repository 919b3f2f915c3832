"""Node objects for the node pools; KWOK plays their kubelets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from components.base.node_pools import NodePool
from tools.simulator.api import ApiClient, Manifest

_NODES = "/api/v1/nodes"
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
_SIMULATED = "ai-platform/simulated"
_ZONES = ("zone-a", "zone-b", "zone-c")
_NOT_READY = "node.kubernetes.io/not-ready"
_OWN_PREFIXES = ("ai-platform/", "nvidia.com/")
"""Labels and taints that follow from the pool; all others on a node belong to Kubernetes or to the user."""


def node_name(pool: NodePool, index: int) -> str:
    """Name of the node with this index, from 0, in its pool."""
    return f"{pool.name}-{index}"


def node_names(pools: Sequence[NodePool]) -> tuple[str, ...]:
    """Names of all nodes: `min_nodes` of each pool."""
    return tuple(node_name(pool, index) for pool in pools for index in range(pool.min_nodes))


def node_labels(pool: NodePool, index: int) -> dict[str, str]:
    """Labels of a node as the real one would have them once GPU feature discovery ran, zones spread over three."""
    standard = {
        "kubernetes.io/hostname": node_name(pool, index),
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/zone": _ZONES[index % len(_ZONES)],
        _SIMULATED: "true",
    }
    return standard | pool.labels | pool.discovered_labels


def reconcile_nodes(client: ApiClient, pools: Sequence[NodePool]) -> tuple[str, ...]:
    """Create, update and remove nodes until they are those of the pools; return the names of those it changed."""
    existing = {node["metadata"]["name"]: node for node in client.list_items(_NODES, f"{_SIMULATED}=true")}
    changed: list[str] = []
    wanted = [(pool, index) for pool in pools for index in range(pool.min_nodes)]
    for order, (pool, index) in enumerate(wanted):
        found = existing.pop(node_name(pool, index), None)
        if found is None:
            client.create(_NODES, new_node(pool, index, order))
        if found is None or _update(client, found, pool, index, order):
            changed.append(node_name(pool, index))
    for name in existing:
        _remove(client, name)
    return tuple(changed) + tuple(existing)


def unready_nodes(client: ApiClient) -> tuple[str, ...]:
    """Simulated nodes that do not take pods yet: not Ready, or still tainted by Kubernetes."""
    nodes = client.list_items(_NODES, f"{_SIMULATED}=true")
    return tuple(node["metadata"]["name"] for node in nodes if not _takes_pods(node))


def release_leases(client: ApiClient) -> None:
    """Drop the node leases that an ended KWOK process held: a new one would wait for them to run out, up to 40 s."""
    for lease in client.list_items(_LEASES):
        client.delete(f"{_LEASES}/{lease['metadata']['name']}")


def _takes_pods(node: Manifest) -> bool:
    conditions = node["status"].get("conditions", [])
    ready = any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)
    return ready and not any(taint["key"] == _NOT_READY for taint in node["spec"].get("taints", []))


def new_node(pool: NodePool, index: int, order: int) -> Manifest:
    """The Node object of one node; `order`, from 0, is its place among the nodes of all pools.

    It is complete at once: KWOK keeps the lease of a node only when that had the annotation from its first moment.
    """
    bare: Manifest = {"metadata": {"name": node_name(pool, index)}, "spec": {}}
    shape = _shape_patch(bare, pool, index)
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": bare["metadata"] | shape["metadata"],
        "spec": shape["spec"],
        "status": _status(pool, index, order),
    }


def _update(client: ApiClient, found: Manifest, pool: NodePool, index: int, order: int) -> bool:
    """Bring one node to its pool's shape; whether anything had to change."""
    path = f"{_NODES}/{found['metadata']['name']}"
    shape = _shape_patch(found, pool, index)
    before = client.merge(path, shape) if shape else found
    status: dict[str, Any] = _status(pool, index, order)
    for amounts in ("capacity", "allocatable"):
        # Merge patch: None removes a resource that an earlier shape of the pool had.
        status[amounts] = dict.fromkeys(found["status"].get(amounts, {})) | status[amounts]
    # The server knows that 1024Gi is 1Ti: it stores no new version when a patch changes nothing.
    after = client.merge(f"{path}/status", {"status": status})
    return bool(shape) or before["metadata"]["resourceVersion"] != after["metadata"]["resourceVersion"]


def _shape_patch(found: Manifest, pool: NodePool, index: int) -> Manifest:
    """Merge patch of labels, annotation and taints; empty when they are right. What others added is kept."""
    labels = found["metadata"].get("labels", {})
    wanted: dict[str, str | None] = {**node_labels(pool, index)}
    stale = {key: None for key in labels if key.startswith(_OWN_PREFIXES) and key not in wanted}
    taints = found["spec"].get("taints", [])
    own = [{"key": taint.key, "value": taint.value, "effect": taint.effect} for taint in pool.taints]
    others = [taint for taint in taints if not taint["key"].startswith(_OWN_PREFIXES)]
    labels_differ = any(labels.get(key) != value for key, value in (wanted | stale).items())
    if not labels_differ and _sorted(taints) == _sorted(own + others):
        return {}
    metadata = {"labels": wanted | stale, "annotations": {"kwok.x-k8s.io/node": "fake"}}
    return {"metadata": metadata, "spec": {"taints": own + others}}


def _status(pool: NodePool, index: int, order: int) -> dict[str, Any]:
    # 192.0.2.0/24 is the range for examples (RFC 5737): nothing on any network answers there.
    internal = {"type": "InternalIP", "address": f"192.0.2.{order % 254 + 1}"}
    addresses = [internal, {"type": "Hostname", "address": node_name(pool, index)}]
    return {"capacity": pool.capacity, "allocatable": pool.capacity, "addresses": addresses}


def _sorted(taints: list[Manifest]) -> list[tuple[str, str]]:
    return sorted((taint["key"], taint["effect"]) for taint in taints)


def _remove(client: ApiClient, name: str) -> None:
    """Remove a node and its pods at once, so that their controllers replace them elsewhere without delay."""
    client.delete(f"{_NODES}/{name}")
    for pod in client.get(f"/api/v1/pods?fieldSelector=spec.nodeName%3D{name}").get("items", []):
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        client.delete(path, {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0})
