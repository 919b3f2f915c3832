"""The three implementations of the cluster with the same pools, for tests that hold for each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pulumi
import pulumi_random as random

from components.base.handles import ImageRegistry, LoadBalancer, PlatformContext
from components.base.instance_types import find_instance
from components.base.node_pools import NodePool
from components.base.wiring import Wiring
from components.gpu_cluster.contract import GpuCluster, GpuSoftware
from components.gpu_cluster.eks.arguments import EksGpuClusterArgs
from components.gpu_cluster.eks.cluster import EksGpuCluster
from components.gpu_cluster.eks.control_plane.control_plane import ControlPlanePlan
from components.gpu_cluster.eks.edge.plan import EdgeKind, EdgePlan, FirewallPlan
from components.gpu_cluster.eks.network.network import NetworkPlan
from components.gpu_cluster.eks.nodes.karpenter_specs import ScalingLimits
from components.gpu_cluster.eks.nodes.node_groups import EksNodeGroup
from components.gpu_cluster.eks.services.backup import BackupPlan
from components.gpu_cluster.eks.services.budget import BudgetPlan
from components.gpu_cluster.eks.services.database_instance import DatabasePlan
from components.gpu_cluster.eks.services.services import ServicePlan
from components.gpu_cluster.existing import ExistingGpuCluster, ExistingGpuClusterArgs
from components.gpu_cluster.issuers import acme_issuer, route53_solver, self_signed_issuer
from components.gpu_cluster.k3s.add_ons.add_ons import AddOnsPlan
from components.gpu_cluster.k3s.add_ons.load_balancer_specs import LoadBalancerPlan
from components.gpu_cluster.k3s.add_ons.local_path import LocalPathPlan
from components.gpu_cluster.k3s.add_ons.storage_driver import StorageDriverPlan
from components.gpu_cluster.k3s.add_ons.upgrade_plans import UpgradePlan
from components.gpu_cluster.k3s.cluster import K3sGpuCluster, K3sGpuClusterArgs
from components.gpu_cluster.k3s.hosts.firewall import Firewall
from components.gpu_cluster.k3s.hosts.host_commands import SshLogin
from components.gpu_cluster.k3s.hosts.host_plan import HostDriver, HostPlan
from components.gpu_cluster.k3s.hosts.hosts import K3sHost, RegistryMirror
from components.gpu_cluster.k3s.plan import K3sClusterPlan, VirtualIp
from components.gpu_cluster.kubeconfig import KubeconfigFile
from components.gpu_cluster.storage_classes import NewStorageClass, StorageClassPlan, StoragePlan
from tests.components.surroundings import GPU_POOL, SYSTEM_POOL, FixedDatabases, FixedObjectStores
from tools.render.graph import RenderedStack
from tools.render.monitor import RecordedResource
from tools.render.program import record

MIG_POOL = replace(
    GPU_POOL,
    name="h200",
    product="NVIDIA-H200",
    memory_per_gpu_gib=140.0,
    gpus_per_node=8,
    mig_profile="1g.18gb",
    mig_slices=7,
    min_nodes=1,
    max_nodes=1,
)
POOLS = (SYSTEM_POOL, GPU_POOL, MIG_POOL)
SSH_KEY = "test-private-key"
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExample"
LOCAL_DISKS = NewStorageClass(provisioner="rancher.io/local-path")
STORAGE = StoragePlan(
    fast=StorageClassPlan(name="platform-fast", create=LOCAL_DISKS),
    retained=StorageClassPlan(name="platform-retained", create=LOCAL_DISKS),
)
ADD_ONS = AddOnsPlan(
    load_balancer=LoadBalancerPlan(addresses=("10.20.0.100-10.20.0.110",)),
    storage=StorageDriverPlan(local=LocalPathPlan(path="/var/lib/ai-platform/volumes")),
    upgrades=UpgradePlan(window=None, drain_seconds=3600, gpu_nodes_at_once=1),
)
HOST_PLAN = HostPlan(
    minimum_disk_gib=1,
    firewall=Firewall(admin_cidrs=(), client_cidrs=("10.0.0.0/8",), service_ports=(80, 443), egress_cidrs=None),
    driver=HostDriver(source="preinstalled"),
)

PUBLIC_HOSTS = tuple(f"{name}.ai.example.org" for name in ("api", "console", "auth", "grafana"))

Make = Callable[[pulumi.ResourceOptions], GpuCluster]


def host(name: str, last: int, pool: NodePool | None) -> K3sHost:
    return K3sHost(name=name, address=f"10.20.0.{last}", host_key=HOST_KEY, pool=pool)


def existing_args(**changes: Any) -> ExistingGpuClusterArgs:
    fields: dict[str, Any] = {
        "environment": "test",
        "kubeconfig": KubeconfigFile(path="missing/kubeconfig", context="here"),
        "offline": True,
        "pools": POOLS,
        "storage": STORAGE,
        "load_balancer": LoadBalancer(address_kind="ip", annotations={}),
        "runtime_class": None,
        "issuer": self_signed_issuer(),
        "registry": ImageRegistry(),
        "api_server_cidrs": ("10.0.0.0/8",),
        "gpu_software": GpuSoftware(),
        "object_stores": FixedObjectStores(),
        "databases": FixedDatabases(),
    }
    return ExistingGpuClusterArgs(**(fields | changes))


def k3s_plan(**changes: Any) -> K3sClusterPlan:
    fields: dict[str, Any] = {
        "kubernetes_version": "1.36",
        "servers": tuple(host(f"server-{index}", 10 + index, SYSTEM_POOL) for index in (1, 2, 3)),
        "api_address": "10.20.0.10",
        "registry_mirrors": (RegistryMirror(registry="docker.io", endpoints=("https://mirror.example.org",)),),
        "virtual_ip": VirtualIp(address="10.20.0.10", interface=None, image="registry.example.org/kube-vip:v1"),
    }
    return K3sClusterPlan(**(fields | changes))


def k3s_args(**changes: Any) -> K3sGpuClusterArgs:
    fields: dict[str, Any] = {
        "environment": "test",
        "plan": k3s_plan(),
        "agents": (host("gpu-1", 21, GPU_POOL), host("gpu-2", 22, GPU_POOL), host("gpu-3", 23, MIG_POOL)),
        "ssh": SshLogin(user="platform", port=22, private_key=pulumi.Output.secret(SSH_KEY)),
        "download_url": "https://mirror.example.org/k3s",
        "air_gap": False,
        "host_plan": HOST_PLAN,
        "pools": POOLS,
        "storage": STORAGE,
        "issuer": self_signed_issuer(),
        "registry": ImageRegistry(),
        "gpu_software": GpuSoftware(),
        "protect_data": True,
        "object_stores": FixedObjectStores(),
        "databases": FixedDatabases(),
        "add_ons": ADD_ONS,
    }
    return K3sGpuClusterArgs(**(fields | changes))


def node_group(instance_type: str, **changes: Any) -> EksNodeGroup:
    instance = find_instance(instance_type)
    assert instance
    fields: dict[str, Any] = {
        "instance_types": (instance_type,),
        "purchase": "on-demand",
        "root_volume_gib": 200,
        "cpu": instance.cpu,
        "memory_gib": instance.memory_gib,
        "local_disks": instance.local_disks,
    }
    return EksNodeGroup(**(fields | changes))


def edge_plan(kind: EdgeKind = "network", **changes: Any) -> EdgePlan:
    fields: dict[str, Any] = {
        "kind": kind,
        "scheme": "internal",
        "client_cidrs": ("10.0.0.0/8", "192.168.0.0/16"),
        "hosts": PUBLIC_HOSTS,
        "records": True,
        "certificate_arn": None,
        "minimum_tls_version": "1.3",
        "stream_seconds": 1200,
        "idle_seconds": 1220,
        "firewall": None,
    }
    if kind == "application":
        fields["firewall"] = FirewallPlan(requests_per_five_minutes=20_000, refuse_anonymous=False)
    return EdgePlan(**(fields | changes))


def service_plan(**changes: Any) -> ServicePlan:
    fields: dict[str, Any] = {
        "budget": BudgetPlan(monthly_usd=60000, emails=("platform@example.org",)),
        "backup": BackupPlan(
            daily_retention_days=35, weekly_retention_days=90, start=(5, 0), locked=True, copy_region=None
        ),
        "database": DatabasePlan(
            backup_window="02:00-03:00",
            maintenance_window="sun:03:30-sun:04:30",
            monitoring_seconds=60,
            max_storage_gib=None,
            authority="rds-ca-rsa2048-g1",
            authority_certificates=None,
        ),
        "metrics_retention_days": 150,
        "grafana": None,
    }
    return ServicePlan(**(fields | changes))


def eks_args(**changes: Any) -> EksGpuClusterArgs:
    fields: dict[str, Any] = {
        "environment": "test",
        "account_id": "111122223333",
        "region": "eu-north-1",
        "network": NetworkPlan(zones=("eu-north-1a", "eu-north-1b", "eu-north-1c"), vpc_cidr="10.64.0.0/16"),
        "control_plane": ControlPlanePlan(
            kubernetes_version="1.36", admin_role_arns=("arn:aws:iam::111122223333:role/deploy",)
        ),
        "addon_versions": {},
        "auto_mode": None,
        "ami_release": None,
        "pools": POOLS,
        "node_groups": {
            "system": node_group("m7i.4xlarge"),
            "l40s": node_group("g6e.12xlarge"),
            "h200": node_group(
                "p5en.48xlarge",
                purchase="reservation",
                reservation_id="cr-0123456789abcdef0",
                zone="eu-north-1b",
            ),
        },
        "edge": edge_plan(),
        "image_cache": None,
        "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
        "database_instance_class": "db.r7g.large",
        "services": service_plan(),
        "tags": {"owner": "platform-team", "cost-centre": "4711", "data-class": "confidential"},
        "scaling": ScalingLimits(),
        "issuer": acme_issuer(
            email="platform@example.org",
            server="https://acme.example.org/directory",
            dns01=route53_solver(region="eu-north-1", hosted_zone_id="Z0123456789ABCDEFGHIJ"),
        ),
        "registry": ImageRegistry(),
        "protect_data": True,
    }
    return EksGpuClusterArgs(**(fields | changes))


IMPLEMENTATIONS: dict[str, Make] = {
    "existing": lambda opts: ExistingGpuCluster("cluster", existing_args(), opts),
    "k3s": lambda opts: K3sGpuCluster("cluster", k3s_args(), opts),
    "eks": lambda opts: EksGpuCluster("cluster", eks_args(), opts),
}


@dataclass(frozen=True, kw_only=True)
class BuiltCluster:
    """A cluster after its program ran."""

    rendered: RenderedStack
    cluster: GpuCluster
    platform: PlatformContext
    result: Any

    def of_type(self, suffix: str) -> dict[str, RecordedResource]:
        """Resources whose type ends with `suffix`, by logical name."""
        return {resource.name: resource for resource in self.rendered.resources if resource.type.endswith(suffix)}


def build_cluster(
    make: Make, then: Callable[[GpuCluster, PlatformContext, pulumi.ResourceOptions], Any] | None = None
) -> BuiltCluster:
    """Run `make`, and `then` with the providers of the cluster, under the recording monitor."""
    kept: dict[str, Any] = {}

    def program() -> None:
        chance = random.Provider("random")
        cluster = make(pulumi.ResourceOptions(providers=[chance]))
        platform = PlatformContext(
            environment="test", domain="ai.example.org", wiring=Wiring(), ready=cluster.handle.ready, protect_data=True
        )
        kept.update(cluster=cluster, platform=platform, result=None)
        if then:
            opts = pulumi.ResourceOptions(providers=[*cluster.handle.providers, chance])
            kept["result"] = then(cluster, platform, opts)

    rendered = record(program)
    return BuiltCluster(rendered=rendered, **kept)
