"""Settings of a k3s control plane → what its servers must agree on."""

from __future__ import annotations

from components.base import pins
from components.base.handles import AccessKey
from components.gpu_cluster.k3s.hosts.hosts import K3sHost, RegistryMirror
from components.gpu_cluster.k3s.plan import ClusterNetwork, K3sClusterPlan, SnapshotPlan, SnapshotStore, VirtualIp
from stacks.arguments.cluster import image_registry
from stacks.schema.cluster import K3sClusterSettings
from stacks.schema.k3s_control_plane import EtcdSnapshotSettings
from stacks.secrets import Secrets, required_secret
from stacks.settings import KEY, PlatformSettings


def cluster_plan(
    settings: PlatformSettings, cluster: K3sClusterSettings, servers: tuple[K3sHost, ...]
) -> K3sClusterPlan:
    """What all nodes must agree on."""
    return K3sClusterPlan(
        kubernetes_version=cluster.kubernetes_version,
        servers=servers,
        api_address=cluster.api_address or servers[0].address,
        network=ClusterNetwork(pod_cidr=cluster.pod_cidr, service_cidr=cluster.service_cidr),
        registry_mirrors=tuple(
            RegistryMirror(registry=mirror.registry, endpoints=mirror.endpoints, ca_certificate=mirror.ca_certificate)
            for mirror in cluster.registry_mirrors
        ),
        embedded_registry=cluster.embedded_registry,
        virtual_ip=_virtual_ip(settings, cluster, servers[0].address),
        snapshots=_snapshots(cluster.etcd_snapshots),
    )


def snapshot_access(cluster: K3sClusterSettings, secrets: Secrets) -> AccessKey | None:
    """The key of the snapshots' bucket, None without a bucket. Raises pulumi.RunError where the stack lacks it."""
    if cluster.etcd_snapshots.s3 is None:
        return None
    setting = f"{KEY}.cluster.etcdSnapshots.s3"
    return AccessKey(
        access_key_id=required_secret(secrets.etcd_snapshot_access_key_id, "etcdSnapshotAccessKeyId", setting),
        secret_access_key=required_secret(
            secrets.etcd_snapshot_secret_access_key, "etcdSnapshotSecretAccessKey", setting
        ),
    )


def _virtual_ip(settings: PlatformSettings, cluster: K3sClusterSettings, first_server: str) -> VirtualIp | None:
    address = cluster.virtual_address(first_server, cluster.api_address)
    if address is None:
        return None
    image = image_registry(settings).rewrite(pins.KUBE_VIP.reference)
    return VirtualIp(address=address, interface=cluster.virtual_ip.interface, image=image)


def _snapshots(snapshots: EtcdSnapshotSettings) -> SnapshotPlan:
    s3 = snapshots.s3
    store = s3 and SnapshotStore(
        endpoint=s3.endpoint,
        region=s3.region,
        bucket=s3.bucket,
        folder=s3.folder,
        ca_certificate=s3.ca_certificate,
    )
    return SnapshotPlan(schedule=snapshots.schedule, retention=snapshots.retention, store=store)
