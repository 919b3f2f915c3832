"""Namespaces of the platform: everything else is placed in one of them."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base.capabilities import provides
from components.base.namespaces import GPU_OPERATOR, MODELS, PlatformNamespace
from components.base.node_pools import NodePool
from components.base.priorities import PRIORITIES
from components.namespaces import builders

TYPE = "ai-platform:namespaces:Namespaces"


@dataclass(frozen=True, kw_only=True)
class NamespacesArgs:
    """`pools` size the GPU quotas. `namespaces` are the platform's and those of the cluster's add-ons.

    `after` are the rules that must hold before there is a namespace.
    """

    environment: str
    pools: tuple[NodePool, ...]
    namespaces: tuple[PlatformNamespace, ...]
    after: tuple[pulumi.Resource, ...] = ()


class Namespaces(pulumi.ComponentResource):
    """Creates what must exist before anything else; `ready` are the resources to depend on."""

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: NamespacesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        namespaces = {
            namespace.name: k8s.core.v1.Namespace(
                f"{name}-{namespace.name}",
                metadata=builders.namespace_metadata(namespace, args.environment),
                opts=pulumi.ResourceOptions(parent=self, depends_on=args.after),
            )
            for namespace in args.namespaces
        }
        priorities = [
            k8s.scheduling.v1.PriorityClass(
                f"{name}-{level.name}",
                metadata={"name": level.name, "annotations": provides("model-scheduling-priority")},
                value=level.value,
                preemption_policy="PreemptLowerPriority" if level.preempts else "Never",
                description=level.description,
                opts=child,
            )
            for level in PRIORITIES
        ]
        for namespace, resource in namespaces.items():
            if namespace == GPU_OPERATOR:
                continue
            quota = builders.gpu_quota_spec if namespace == MODELS else builders.no_gpu_quota_spec
            k8s.core.v1.ResourceQuota(
                f"{name}-{namespace}-gpu-quota",
                metadata={"name": "gpu-quota", "namespace": namespace, "annotations": provides("gpu-quota")},
                spec=quota(args.pools),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[resource]),
            )
        self.ready = (*namespaces.values(), *priorities)
        self.register_outputs({"namespaces": sorted(namespaces)})
