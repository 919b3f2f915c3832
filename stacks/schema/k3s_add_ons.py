"""What a k3s cluster gets inside itself: addresses for Services, a storage driver, upgrades of its nodes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from stacks.schema.base import NOT_EMPTY, DnsLabel, PositiveInt, SettingsModel
from stacks.schema.cluster_parts import StorageSettings
from stacks.schema.k3s_service_addresses import ServiceAddressSettings
from stacks.schema.pools import PoolSettings


def _folder(text: str) -> str:
    path = PurePosixPath(text)
    if not path.is_absolute() or ".." in path.parts or len(path.parts) < 3 or not re.fullmatch(r"[\w./-]+", text):  # noqa: PLR2004 # root and two more
        message = f"{text!r} is no folder for volumes: use an absolute path of at least two parts, like /data/volumes"
        raise ValueError(message)
    if text.startswith(("/etc/", "/usr/", "/boot/", "/dev/", "/proc/", "/sys/", "/run/", "/tmp/")):  # noqa: S108 # refused
        message = f"{text!r} belongs to the operating system: use a folder on the disk for data, like /data/volumes"
        raise ValueError(message)
    return text


HostFolder = Annotated[str, AfterValidator(_folder)]
"""Folder on a host, outside of what the operating system owns."""


class VolumeBackupSettings(SettingsModel):
    """An S3 bucket for backups of replicated volumes."""

    target: Annotated[str, Field(pattern=r"^s3://[a-z0-9.-]+@[a-z0-9-]+/([A-Za-z0-9_./-]*)$")]
    """Bucket, region and folder: `s3://bucket@region/folder`."""
    credential_secret: DnsLabel
    """Secret in namespace `storage`, which you create, with `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, for a
    server of your own, `AWS_ENDPOINTS` and `AWS_CERT`."""
    port: Annotated[int, Field(ge=1, le=65535)] = 443
    """TCP port of the S3 server."""


class LonghornSettings(SettingsModel):
    """Longhorn, which keeps copies of each volume on several nodes, so that pods with data can move."""

    path: HostFolder = "/var/lib/longhorn"
    """Folder of the copies on every node that holds any."""
    replicas: Annotated[int, Field(ge=2, le=5)] = 3
    """Copies of each volume, each on another node."""
    guaranteed_cpu_percent: Annotated[int, Field(ge=0, le=40)] = 12
    """Share of each node's CPU that is set aside for the processes that serve volumes."""
    gpu_nodes: bool = False
    """GPU nodes mount replicated volumes and hold copies too."""
    shared_volumes: bool = False
    """Add the class of volumes that many nodes mount at once. Longhorn exports those by NFS without a password, to
    every node and to pods of namespaces that have no network policy."""
    backup: VolumeBackupSettings | None = None
    """Backups of volumes; null: none."""


class StorageDriverSettings(SettingsModel):
    """Who makes the volumes that pods claim."""

    kind: Literal["local-path", "longhorn", "none"] = "local-path"
    """`local-path`: folders on the nodes' own disks. A volume stays on its node, is lost with the disk, and its size is
    not enforced; the platform's data stores keep copies on several nodes by themselves. `longhorn`: that for what must
    be fast, and copies on several nodes for what must last; `open-iscsi` and `nfs-common` are then installed on every
    host. `none`: a driver that you install, with classes that `storage` names."""
    path: HostFolder = "/var/lib/ai-platform/volumes"
    """Folder of the volumes on the nodes' own disks: where the disk for data is mounted."""
    longhorn: LonghornSettings | None = None
    """Longhorn, with `kind: longhorn` alone; null: its defaults."""

    @model_validator(mode="after")
    def _own_keys(self) -> StorageDriverSettings:
        if self.longhorn and self.kind != "longhorn":
            message = f"longhorn: has no effect with kind: {self.kind}: remove it or set kind: longhorn"
            raise ValueError(message)
        return self

    @property
    def replicated(self) -> LonghornSettings | None:
        """Longhorn where it is installed."""
        return self.longhorn or (LonghornSettings() if self.kind == "longhorn" else None)

    def problem(self, pools: tuple[PoolSettings, ...]) -> str | None:
        """Whether the nodes can hold what the driver keeps, in one line that starts with the key path."""
        longhorn = self.replicated
        if longhorn is None:
            return None
        nodes = sum(pool.nodes.min for pool in pools if pool.role == "system" or longhorn.gpu_nodes)
        if nodes >= longhorn.replicas:
            return None
        return (
            f"storageDriver.longhorn.replicas: {longhorn.replicas} copies need as many nodes and only {nodes} hold "
            "volumes: add hosts to a system pool, or use kind: local-path"
        )


Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""Hours and minutes, `22:00`."""


class UpgradeWindowSettings(SettingsModel):
    """When nodes may be taken out of service. Nodes that were begun are finished after its end."""

    days: Annotated[tuple[Day, ...], NOT_EMPTY]
    """Days of the week."""
    start_time: ClockTime
    """Start, `22:00`."""
    end_time: ClockTime
    """End, `04:00`; before `startTime` it is on the next day, which `days` has to hold as well."""
    time_zone: Annotated[str, Field(pattern=r"^(UTC|[A-Z][A-Za-z_]+(/[A-Z][A-Za-z0-9_+-]+){1,2})$")] = "UTC"
    """Time zone of these times, as in the IANA database (`Europe/Stockholm`)."""

    @model_validator(mode="after")
    def _lasts(self) -> UpgradeWindowSettings:
        if self.start_time == self.end_time:
            message = f"endTime: {self.end_time} is startTime too: give the window a duration"
            raise ValueError(message)
        return self


class UpgradeSettings(SettingsModel):
    """Upgrades of k3s by the system-upgrade-controller: servers one by one, then the other nodes, GPU nodes drained."""

    window: UpgradeWindowSettings | None = None
    """When nodes are upgraded; null: as soon as the wanted release changes."""
    drain_seconds: Annotated[int, Field(ge=60, le=86_400)] = 3600
    """Seconds that a GPU node gets to finish what it serves. A node that needs longer stays cordoned and is tried
    again."""
    gpu_nodes_at_once: PositiveInt = 1
    """GPU nodes that are out of service at the same time."""


class AddOnSettings(SettingsModel):
    """Keys of a k3s cluster about what runs inside it."""

    load_balancer: ServiceAddressSettings
    """Addresses of the gateway."""
    storage_driver: StorageDriverSettings = StorageDriverSettings()
    """Who makes volumes."""
    storage: StorageSettings | None = None
    """Storage classes by meaning; null: those of `storageDriver`."""
    upgrades: UpgradeSettings | None = UpgradeSettings()
    """Upgrades of k3s to the release that belongs to `kubernetesVersion`; null: you upgrade the hosts yourself."""

    def add_on_problem(
        self,
        *,
        pools: tuple[PoolSettings, ...],
        taken: Mapping[str, str],
        ranges: Mapping[str, str],
        host_networks: Sequence[str],
    ) -> str | None:
        """What does not fit the cluster, in one line that starts with the key path.

        `taken` are addresses in use and `ranges` CIDR ranges used inside the cluster, both by key path;
        `host_networks` are the networks of the hosts, as far as the settings name them.
        """
        if self.storage_driver.kind == "none" and self.storage is None:
            return "storage: required with storageDriver.kind: none: name the classes of your own driver"
        collision = self.load_balancer.problem(taken=taken, ranges=ranges, host_networks=host_networks)
        return collision or self.storage_driver.problem(pools)
