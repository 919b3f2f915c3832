"""What a k3s cluster is configured with, as a record that people and policies can read.

The files themselves travel to the hosts together with their tokens, which makes all of them secret. The record is made
by the same builders, from the same plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from components.gpu_cluster.k3s.control_plane.admission import admission_configuration
from components.gpu_cluster.k3s.control_plane.audit import audit_policy
from components.gpu_cluster.k3s.control_plane.server_config import agent_config, server_config
from components.gpu_cluster.k3s.hosts.firewall import Firewall
from components.gpu_cluster.k3s.hosts.hosts import K3sHost
from components.gpu_cluster.k3s.plan import K3sClusterPlan


def hardening_record(plan: K3sClusterPlan, agents: Sequence[K3sHost], firewall: Firewall | None) -> dict[str, Any]:
    """Each server's and agent's config.yaml without tokens, the audit policy, what the API server admits, and the
    networks that reach the API: `apiCidrs`, left out where the platform leaves the hosts' firewall alone.
    """
    record = {
        "kubernetesVersion": plan.kubernetes_version,
        "servers": [server_config(host, plan) for host in plan.servers],
        "agents": [agent_config(host, plan) for host in agents],
        "auditPolicy": audit_policy(),
        "admissionConfiguration": admission_configuration(plan.kubernetes_version),
    }
    if firewall is None:
        return record
    return record | {"apiCidrs": [*firewall.admin_cidrs, *firewall.client_cidrs]}
