"""Longhorn: volumes replicated over the nodes' disks, which follow their pod to another node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from components.base import peers, pins
from components.base.handles import ClusterHandle, ImageRegistry, PlatformContext
from components.base.node_pools import GPU_TAINT
from components.base.operator_objects import LONGHORN_LABELS
from components.base.wiring import External, Workload
from components.charts import ChartSource, PinnedChart, PinnedChartArgs
from components.gpu_cluster.storage_classes import NewStorageClass

TYPE = "ai-platform:gpu_cluster:LonghornDriver"

PROVISIONER = "driver.longhorn.io"
HOST_PACKAGES = ("open-iscsi", "nfs-common")
"""Packages of Ubuntu that every node needs which mounts a volume (Longhorn 1.11, "Installation Requirements")."""

MANAGER_PORT = 9500
WEBHOOK_PORT = 9502
NFS_PORT = 2049
_LOWEST_PORT, _HIGHEST_PORT = 1024, 65535


@dataclass(frozen=True, kw_only=True)
class BackupTarget:
    """Where Longhorn keeps backups of volumes: `url` as Longhorn has it (`s3://bucket@region/folder`), the Secret with
    its key in the driver's namespace, and the TCP port of the store.
    """

    url: str
    credential_secret: str
    port: int


@dataclass(frozen=True, kw_only=True)
class LonghornPlan:
    """`path` is the folder on every node that holds replicas, `replicas` the copies of a volume, each on another node.
    `guaranteed_cpu_percent` is the share of a node's CPU that is set aside for the processes that serve volumes.
    `gpu_nodes` says whether GPU nodes mount volumes and hold replicas too. `shared` adds volumes that many nodes mount
    at once. `backup` is None without backups.
    """

    path: str
    replicas: int
    guaranteed_cpu_percent: int
    gpu_nodes: bool
    shared: bool
    backup: BackupTarget | None


def replicated_class(plan: LonghornPlan) -> NewStorageClass:
    """Volumes with copies on several nodes. Made where their pod starts, though any node can mount them later."""
    return NewStorageClass(
        provisioner=PROVISIONER, parameters=_parameters(plan) | {"dataLocality": "best-effort"}, expandable=True
    )


def shared_class(plan: LonghornPlan) -> NewStorageClass:
    """Replicated volumes that Longhorn exports by NFS to every node that mounts them."""
    return NewStorageClass(provisioner=PROVISIONER, parameters=_parameters(plan), binding="Immediate", expandable=True)


def _parameters(plan: LonghornPlan) -> dict[str, pulumi.Input[str]]:
    stale_minutes = 30
    return {
        "numberOfReplicas": str(plan.replicas),
        "staleReplicaTimeout": str(stale_minutes),
        "fsType": "ext4",
    }


def longhorn_values(plan: LonghornPlan, registry: ImageRegistry) -> dict[str, Any]:
    """Values of the chart: no class of its own in use, no call to its makers, nothing on GPU nodes unless wanted."""
    return {
        "global": {
            "imageRegistry": registry.rewrite("docker.io"),
            "tolerations": _gpu_tolerations() if plan.gpu_nodes else [],
        },
        "persistence": {"defaultClass": False, "defaultClassReplicaCount": plan.replicas},
        # A Helm hook, which the engine does not run. The manager itself refuses an upgrade that skips a version.
        "preUpgradeChecker": {"jobEnabled": False, "upgradeVersionCheck": True},
        "defaultSettings": _default_settings(plan),
        "longhornManager": {"resources": {"requests": {"cpu": "100m", "memory": "256Mi"}}},
        # Nothing leads to the user interface, but the engine waits for a pod behind its Service.
        "longhornUI": {"replicas": 1},
        "networkPolicies": {"enabled": False},
        **(_backup_store(plan.backup) if plan.backup else {}),
    }


def _default_settings(plan: LonghornPlan) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "defaultDataPath": plan.path,
        "defaultReplicaCount": f'{{"v1":"{plan.replicas}"}}',
        "guaranteedInstanceManagerCPU": f'{{"v1":"{plan.guaranteed_cpu_percent}"}}',
        # A drained node keeps the last complete replica of a volume; a dead node gives its pods up.
        "nodeDrainPolicy": "block-if-contains-last-replica",
        "nodeDownPodDeletionPolicy": "delete-both-statefulset-and-deployment-pod",
        "storageMinimalAvailablePercentage": "15",
        "upgradeChecker": False,
        "allowCollectingLonghornUsageMetrics": False,
    }
    return settings | ({"taintToleration": f"{GPU_TAINT.key}:{GPU_TAINT.effect}"} if plan.gpu_nodes else {})


def _gpu_tolerations() -> list[dict[str, str]]:
    return [{"key": GPU_TAINT.key, "operator": "Exists", "effect": GPU_TAINT.effect}]


def _backup_store(backup: BackupTarget) -> dict[str, Any]:
    return {
        "defaultBackupStore": {
            "backupTarget": backup.url,
            "backupTargetCredentialSecret": backup.credential_secret,
        }
    }


@dataclass(frozen=True, kw_only=True)
class LonghornDriverArgs:
    """`namespace` exists and lets pods run privileged. `node_cidrs` are the addresses from which nodes reach pods."""

    plan: LonghornPlan
    namespace: str
    cluster: ClusterHandle
    platform: PlatformContext
    charts: ChartSource
    node_cidrs: tuple[str, ...]


class LonghornDriver(pulumi.ComponentResource):
    """The chart. Volumes can be made once `ready` exists.

    Removing it from a stack leaves volumes without a driver: first delete every volume, then follow Longhorn's
    "Uninstall Longhorn", whose job is a Helm hook that the engine does not run.
    """

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: LonghornDriverArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        chart = PinnedChart(
            f"{name}-longhorn",
            PinnedChartArgs(
                pin=pins.LONGHORN_CHART,
                namespace=args.namespace,
                values=longhorn_values(args.plan, args.cluster.registry),
                source=args.charts,
            ),
            args.platform.child_options(self),
        )
        _allow_connections(args)
        self.ready = (chart,)
        self.register_outputs({"path": args.plan.path})


def _allow_connections(args: LonghornDriverArgs) -> None:
    wiring, api = args.platform.wiring, args.cluster.kubernetes_api
    # All pods of the namespace are one: the manager makes a dozen kinds of them as it needs them, and every volume
    # gets ports of its own between them.
    pods = Workload.selecting(args.namespace, "longhorn", {})
    manager = Workload.selecting(args.namespace, "longhorn-manager", LONGHORN_LABELS)
    wiring.allow_range(pods, pods, _LOWEST_PORT, _HIGHEST_PORT)
    wiring.allow(pods, api, *peers.KUBERNETES_API_PORTS)
    wiring.allow(api, manager, WEBHOOK_PORT)
    wiring.allow(peers.PROMETHEUS, manager, MANAGER_PORT)
    if args.plan.shared:
        # The node mounts the export, not the pod that uses it.
        share = Workload.selecting(args.namespace, "longhorn-share-manager", {"longhorn.io/component": "share-manager"})
        wiring.allow(External(name="volume-clients", cidrs=args.node_cidrs), share, NFS_PORT)
    if args.plan.backup:
        wiring.allow(pods, peers.INTERNET, args.plan.backup.port)
