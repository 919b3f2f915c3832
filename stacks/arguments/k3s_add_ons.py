"""Settings of what runs inside a k3s cluster → what its component is given."""

from __future__ import annotations

from components.gpu_cluster.k3s.add_ons.add_ons import AddOnsPlan
from components.gpu_cluster.k3s.add_ons.load_balancer_specs import BgpPeer, BgpPlan, LoadBalancerPlan
from components.gpu_cluster.k3s.add_ons.local_path import LocalPathPlan
from components.gpu_cluster.k3s.add_ons.longhorn import BackupTarget, LonghornPlan
from components.gpu_cluster.k3s.add_ons.storage_driver import StorageDriverPlan
from components.gpu_cluster.k3s.add_ons.upgrade_plans import UpgradePlan, UpgradeWindow
from components.gpu_cluster.storage_classes import StoragePlan
from stacks.arguments.cluster import storage_plan
from stacks.schema.k3s_add_ons import AddOnSettings, LonghornSettings, StorageDriverSettings, UpgradeSettings
from stacks.schema.k3s_service_addresses import BgpSettings, ServiceAddressSettings


def add_ons(cluster: AddOnSettings) -> AddOnsPlan:
    """Load balancer, storage driver and upgrades."""
    return AddOnsPlan(
        load_balancer=_load_balancer(cluster.load_balancer),
        storage=_storage_driver(cluster.storage_driver),
        upgrades=_upgrades(cluster.upgrades) if cluster.upgrades else None,
    )


def storage_classes(cluster: AddOnSettings) -> StoragePlan:
    """The classes that the settings name, or else those of the storage driver.

    Raises ValueError when there are neither, which the settings do not allow.
    """
    if cluster.storage:
        return storage_plan(cluster.storage)
    driver = _storage_driver(cluster.storage_driver)
    if driver is None:
        message = "storage: without storageDriver no class exists"
        raise ValueError(message)
    return driver.classes


def _load_balancer(settings: ServiceAddressSettings) -> LoadBalancerPlan:
    return LoadBalancerPlan(
        addresses=settings.addresses,
        interfaces=settings.interfaces,
        bgp=_bgp(settings.bgp) if settings.bgp else None,
    )


def _bgp(settings: BgpSettings) -> BgpPlan:
    peers = tuple(
        BgpPeer(name=peer.name, address=peer.address, asn=peer.asn, password_secret=peer.password_secret)
        for peer in settings.peers
    )
    return BgpPlan(asn=settings.asn, peers=peers)


def _storage_driver(settings: StorageDriverSettings) -> StorageDriverPlan | None:
    if settings.kind == "none":
        return None
    return StorageDriverPlan(
        local=LocalPathPlan(path=settings.path),
        replicated=_longhorn(settings.replicated) if settings.replicated else None,
    )


def _longhorn(settings: LonghornSettings) -> LonghornPlan:
    backup = settings.backup
    return LonghornPlan(
        path=settings.path,
        replicas=settings.replicas,
        guaranteed_cpu_percent=settings.guaranteed_cpu_percent,
        gpu_nodes=settings.gpu_nodes,
        shared=settings.shared_volumes,
        backup=BackupTarget(url=backup.target, credential_secret=backup.credential_secret, port=backup.port)
        if backup
        else None,
    )


def _upgrades(settings: UpgradeSettings) -> UpgradePlan:
    window = settings.window
    return UpgradePlan(
        window=UpgradeWindow(days=window.days, start=window.start_time, end=window.end_time, time_zone=window.time_zone)
        if window
        else None,
        drain_seconds=settings.drain_seconds,
        gpu_nodes_at_once=settings.gpu_nodes_at_once,
    )
