"""Pure builders of upgrade Plans (`upgrade.cattle.io/v1`): servers first, then agents, GPU nodes drained.

The wanted release is always a `version:`; a `channel:` would let somebody else's server decide. The upgrade image
refuses an older release and leaves its node cordoned. A skipped minor version is refused by nobody: what runs is not
known when the plan is made, so upgrade one minor version after the other (docs/clusters.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from components.base.node_pools import GPU_TAINT

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
"""Label of every k3s server, and taint of those that run nothing else."""
ROLE = "ai-platform/role"

SERVERS = "servers"
AGENTS = "agents"
GPU_NODES = "gpu-nodes"

NODE_SECONDS = 900
"""How long one node may take, without draining: to load the image, to replace the binary and to restart."""


@dataclass(frozen=True, kw_only=True)
class UpgradeWindow:
    """When upgrades of nodes may start: `days` as `monday`, `start` and `end` as `22:00` in `time_zone` (IANA name)."""

    days: tuple[str, ...]
    start: str
    end: str
    time_zone: str


@dataclass(frozen=True, kw_only=True)
class UpgradePlan:
    """How nodes are brought to a new release. `window` None: as soon as the release changes. `drain_seconds` is how
    long a GPU node is given to finish what it serves, `gpu_nodes_at_once` how many are drained together.
    """

    window: UpgradeWindow | None
    drain_seconds: int
    gpu_nodes_at_once: int


@dataclass(frozen=True, kw_only=True)
class NodeRelease:
    """What Plans bring to the nodes of a cluster with `servers` servers: `release` by `image`, as `account`."""

    release: str
    image: str
    account: str
    servers: int


def plan_specs(wanted: NodeRelease, plan: UpgradePlan) -> dict[str, dict[str, Any]]:
    """Specifications of the Plans by name, in the order in which they take effect."""
    after_servers = {"prepare": {"image": wanted.image, "args": ["prepare", SERVERS]}}
    # The job of the first agent waits inside for all servers.
    agent_seconds = NODE_SECONDS * (wanted.servers + 1)
    return {
        SERVERS: _plan(wanted, plan, [_exists(CONTROL_PLANE)], seconds=NODE_SECONDS) | {"cordon": True},
        AGENTS: _plan(wanted, plan, [_lacks(CONTROL_PLANE), _role("NotIn")], seconds=agent_seconds)
        | after_servers
        | {"cordon": True},
        GPU_NODES: _plan(wanted, plan, [_lacks(CONTROL_PLANE), _role("In")], seconds=agent_seconds + plan.drain_seconds)
        | after_servers
        | {"concurrency": plan.gpu_nodes_at_once, "drain": _drain(plan)},
    }


def _plan(wanted: NodeRelease, plan: UpgradePlan, nodes: list[dict[str, Any]], *, seconds: int) -> dict[str, Any]:
    return {
        "concurrency": 1,
        "version": wanted.release,
        "nodeSelector": {"matchExpressions": nodes},
        "serviceAccountName": wanted.account,
        "tolerations": [{"key": key, "operator": "Exists"} for key in (CONTROL_PLANE, GPU_TAINT.key)],
        "priorityClassName": "system-node-critical",
        "jobActiveDeadlineSecs": seconds,
        "upgrade": {"image": wanted.image},
        **({"window": _window(plan.window)} if plan.window else {}),
    }


def _drain(plan: UpgradePlan) -> dict[str, Any]:
    """Evictions, so that disruption budgets and each pod's own grace period hold; a pod that nothing would bring back
    stops the drain.
    """
    return {
        "timeout": f"{plan.drain_seconds}s",
        "ignoreDaemonSets": True,
        "deleteEmptydirData": True,
        "force": False,
        "disableEviction": False,
    }


def _window(window: UpgradeWindow) -> dict[str, Any]:
    return {
        "days": list(window.days),
        "startTime": window.start,
        "endTime": window.end,
        "timeZone": window.time_zone,
    }


def _exists(key: str) -> dict[str, Any]:
    return {"key": key, "operator": "Exists"}


def _lacks(key: str) -> dict[str, Any]:
    return {"key": key, "operator": "DoesNotExist"}


def _role(operator: str) -> dict[str, Any]:
    return {"key": ROLE, "operator": operator, "values": ["gpu"]}
