"""Volumes in folders of the nodes' own disks: fast, bound to their node, without replicas or snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as k8s

from components.base import labels, peers, pins
from components.base.handles import ClusterHandle, PlatformContext
from components.base.wiring import Workload
from components.gpu_cluster.k3s.add_ons import local_path_specs as specs
from components.gpu_cluster.k3s.add_ons.service_rights import ServiceRights, ServiceRightsArgs
from components.gpu_cluster.storage_classes import NewStorageClass

if TYPE_CHECKING:
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

TYPE = "ai-platform:gpu_cluster:LocalPathDriver"


@dataclass(frozen=True, kw_only=True)
class LocalPathPlan:
    """`path` is the folder of all volumes on every node, absolute, on the disk that is meant for data."""

    path: str


def storage_class() -> NewStorageClass:
    """A class of this driver. Volumes are of type `local`, so that a pod's `fsGroup` applies to them."""
    return NewStorageClass(provisioner=specs.PROVISIONER, annotations={"defaultVolumeType": "local"})


@dataclass(frozen=True, kw_only=True)
class LocalPathDriverArgs:
    """`namespace` exists and lets pods mount paths of the node."""

    plan: LocalPathPlan
    namespace: str
    cluster: ClusterHandle
    platform: PlatformContext


class LocalPathDriver(pulumi.ComponentResource):
    """The local-path provisioner, instead of the one that k3s packages: that one's folder and rights cannot be set.

    Claims are bound once `ready` exists. The size of a claim is not enforced.
    """

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: LocalPathDriverArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        config = k8s.core.v1.ConfigMap(
            f"{name}-config",
            # Explicit: the provisioner hands its name to the helper pods.
            metadata=self._metadata(specs.CONFIG_MAP),
            data=specs.config_data(
                path=args.plan.path, helper_image=args.cluster.registry.rewrite(pins.BUSYBOX.reference)
            ),
            opts=args.platform.child_options(self),
        )
        provisioner = k8s.apps.v1.Deployment(
            f"{name}-provisioner",
            metadata=self._metadata(specs.NAME),
            spec=specs.deployment_spec(
                image=args.cluster.registry.rewrite(pins.LOCAL_PATH_PROVISIONER.reference),
                namespace=args.namespace,
                environment=args.platform.environment,
            ),
            opts=args.platform.child_options(self, config, *self._rights().ready),
        )
        workload = Workload.of(args.namespace, specs.NAME, specs.COMPONENT)
        args.platform.wiring.allow(workload, args.cluster.kubernetes_api, *peers.KUBERNETES_API_PORTS)
        self.ready = (provisioner,)
        self.register_outputs({"path": args.plan.path})

    def _rights(self) -> ServiceRights:
        return ServiceRights(
            f"{self._name}-rights",
            ServiceRightsArgs(
                account=specs.NAME,
                namespace=self._args.namespace,
                component=specs.COMPONENT,
                platform=self._args.platform,
                own_rules=specs.own_rules(),
                cluster_rules=specs.cluster_rules(),
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _metadata(self, name: str) -> ObjectMetaArgsDict:
        return {
            "name": name,
            "namespace": self._args.namespace,
            "labels": labels.object_labels(specs.NAME, specs.COMPONENT, self._args.platform.environment),
        }
