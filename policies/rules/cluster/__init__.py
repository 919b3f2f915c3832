"""Rules about clusters: what holds on EKS and on k3s alike, and what only one of them leaves to the platform."""

from __future__ import annotations

from policies.registry import Rule
from policies.rules.cluster import control_plane, identity, k3s_nodes, k3s_servers, network_engine, nodes

RULES: tuple[Rule, ...] = (
    *control_plane.RULES,
    *network_engine.RULES,
    *nodes.RULES,
    *identity.RULES,
    *k3s_nodes.RULES,
    *k3s_servers.RULES,
)
