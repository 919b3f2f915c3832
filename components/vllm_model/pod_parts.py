"""What one part of a model (its weights, its adapters) brings to the pod of its servers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import ContainerArgsDict, EnvVarArgsDict, VolumeArgsDict, VolumeMountArgsDict


@dataclass(frozen=True, kw_only=True)
class PodParts:
    """Additions to the pod: `arguments` and `environment` of the server's container, `volumes` of the pod and their
    `mounts` in the server's container, containers that run before it and beside it, and the resources that must exist
    before the pod starts."""

    arguments: tuple[pulumi.Input[str], ...] = ()
    environment: tuple[EnvVarArgsDict, ...] = ()
    volumes: tuple[VolumeArgsDict, ...] = ()
    mounts: tuple[VolumeMountArgsDict, ...] = ()
    init_containers: tuple[ContainerArgsDict, ...] = ()
    sidecars: tuple[ContainerArgsDict, ...] = ()
    ready: tuple[pulumi.Resource, ...] = ()

    def __add__(self, other: PodParts) -> PodParts:
        return PodParts(
            arguments=self.arguments + other.arguments,
            environment=self.environment + other.environment,
            volumes=self.volumes + other.volumes,
            mounts=self.mounts + other.mounts,
            init_containers=self.init_containers + other.init_containers,
            sidecars=self.sidecars + other.sidecars,
            ready=self.ready + other.ready,
        )
