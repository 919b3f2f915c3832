"""Pure builders of the objects that tell EKS Auto Mode which nodes to make.

Sources: EKS user guide, "Create a Node Class for Amazon EKS", "Create a Node Pool for EKS Auto Mode", "Static-Capacity
Node Pools", "Control deployment of workloads into Capacity Reservations", state of 2026-08; NodePool: the
CustomResourceDefinition of Karpenter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.base.node_pools import NodePool
from components.gpu_cluster.eks.nodes.node_groups import EksNodeGroup, Purchase
from components.gpu_cluster.node_labels import registration_labels

GROUP = "eks.amazonaws.com"
NODE_CLASS_VERSION = f"{GROUP}/v1"
NODE_POOL_VERSION = "karpenter.sh/v1"
VOLUME_DRIVER = "ebs.csi.eks.amazonaws.com"

DRAIN_HOURS = 24
"""How long a node that has reached its age may take to be drained. Part of the 21 days that AWS lets a node live."""

_CAPACITY_TYPES: dict[Purchase, str] = {
    "on-demand": "on-demand",
    "spot": "spot",
    "reservation": "reserved",
    "capacity-block": "reserved",
}

_IDLE = {"system": "10m", "gpu": "30m"}
"""How long a node beyond the pool's minimum is empty before it is removed. Weights take minutes to load again."""


@dataclass(frozen=True, kw_only=True)
class NodePlacement:
    """Where nodes are: subnets keyed by zone, the security group of nodes, the name of their role, the key of their
    disks, and tags for what EKS makes.
    """

    subnet_ids: Mapping[str, pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    role_name: pulumi.Input[str]
    volume_key_arn: pulumi.Input[str]
    tags: Mapping[str, str]


def network_policy_switch() -> dict[str, str]:
    """Data of the ConfigMap `amazon-vpc-cni` in `kube-system`.

    Without it EKS Auto Mode accepts NetworkPolicies and enforces none of them (EKS user guide, "Use Network Policies
    with EKS Auto Mode").
    """
    return {"enable-network-policy-controller": "true"}


def node_class_spec(group: EksNodeGroup, placement: NodePlacement) -> dict[str, Any]:
    """How the nodes of one pool are made: where, with which disk, in which reservation."""
    zones = [group.zone] if group.zone else list(placement.subnet_ids)
    spec: dict[str, Any] = {
        "role": placement.role_name,
        "subnetSelectorTerms": [{"id": placement.subnet_ids[zone]} for zone in zones],
        "securityGroupSelectorTerms": [{"id": placement.security_group_id}],
        # Every namespace of the platform denies by policy; kube-system, which is AWS's, has none and must work.
        "networkPolicy": "DefaultAllow",
        "networkPolicyEventLogs": "Enabled",
        "ephemeralStorage": {"size": f"{group.root_volume_gib}Gi", "kmsKeyID": placement.volume_key_arn},
        "tags": dict(placement.tags),
    }
    if group.reservation_id:
        spec["capacityReservationSelectorTerms"] = [{"id": group.reservation_id}]
    return spec


def node_pool_specs(
    pool: NodePool, group: EksNodeGroup, *, zones: Sequence[str], max_age_hours: int
) -> dict[str, dict[str, Any]]:
    """The NodePools of one pool by name: one that always has the smallest number of nodes, one for what may be added.

    A pool cannot be both: one with `replicas` keeps exactly that many, one without starts at none.
    """
    template = _template(pool, group, zones, max_age_hours)
    added = pool.max_nodes - pool.min_nodes
    specs: dict[str, dict[str, Any]] = {}
    if pool.min_nodes:
        specs[pool.name] = {
            "replicas": pool.min_nodes,
            "limits": {"nodes": str(pool.min_nodes + _spare(pool))},
            "template": template,
            "disruption": _disruption(pool),
        }
    if added:
        specs[f"{pool.name}-added" if pool.min_nodes else pool.name] = {
            "limits": {"nodes": str(added)},
            "template": template,
            "disruption": _disruption(pool),
        }
    return specs


def _spare(pool: NodePool) -> int:
    """Nodes beyond the number while one is replaced. A GPU node is rarely to be had twice: it goes before it comes."""
    return 1 if pool.role == "system" else 0


def _disruption(pool: NodePool) -> dict[str, Any]:
    return {
        # Only empty nodes: moving a model to fill a node better costs minutes of it and the requests in its queue.
        "consolidationPolicy": "WhenEmpty",
        "consolidateAfter": _IDLE[pool.role],
        "budgets": [{"nodes": "1"}],
    }


def _template(pool: NodePool, group: EksNodeGroup, zones: Sequence[str], max_age_hours: int) -> dict[str, Any]:
    return {
        "metadata": {"labels": registration_labels(pool)},
        "spec": {
            "nodeClassRef": {"group": GROUP, "kind": "NodeClass", "name": pool.name},
            "requirements": [
                _one_of("node.kubernetes.io/instance-type", group.instance_types),
                _one_of("karpenter.sh/capacity-type", [_CAPACITY_TYPES[group.purchase]]),
                _one_of("topology.kubernetes.io/zone", [group.zone] if group.zone else zones),
            ],
            "taints": [{"key": taint.key, "value": taint.value, "effect": taint.effect} for taint in pool.taints],
            "expireAfter": f"{max_age_hours}h",
            "terminationGracePeriod": f"{DRAIN_HOURS}h",
        },
    }


def _one_of(key: str, values: Sequence[str]) -> dict[str, Any]:
    return {"key": key, "operator": "In", "values": list(values)}
