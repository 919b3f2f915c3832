"""The template of the server's pod."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from components.base import labels
from components.base.node_pools import POOL_LABEL, NodePool
from components.base.pins import VLLM
from components.base.pod_security import container_security_context, pod_security_context, resources
from components.base.pod_sizes import pod_size
from components.vllm_model import durations
from components.vllm_model.arguments import VllmModelArgs
from components.vllm_model.names import PORT, PORT_NAME, SERVER_COMPONENT
from components.vllm_model.pod_parts import PodParts
from components.vllm_model.server.arguments import server_arguments
from components.vllm_model.server.volumes import mounts, volumes

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import (
        ContainerArgsDict,
        EnvVarArgsDict,
        PodSpecArgsDict,
        PodTemplateSpecArgsDict,
        ProbeArgsDict,
        TolerationArgsDict,
        TopologySpreadConstraintArgsDict,
    )
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

UID = 2000
"""User `vllm` of the image, in group 0; its home and caches belong to the group."""

REMOTE_CODE_ANNOTATION = "ai-platform/trust-remote-code-reason"
"""Why a server may run Python files of its weights, where people and policies see it."""

_REVISION_LABELS = ["pod-template-hash", "rollouts-pod-template-hash"]
"""Labels by which a Deployment and an Argo Rollout tell revisions apart; a pod lacks one of them, which is ignored."""


def pod_template(
    args: VllmModelArgs, *, model: pulumi.Input[str], environment: list[EnvVarArgsDict], parts: PodParts
) -> PodTemplateSpecArgsDict:
    """The template of a server's pod. `model` is the path of the weights, `parts` what they and adapters bring."""
    return {
        "metadata": _metadata(args),
        "spec": _pod_spec(args, model, environment, parts),
    }


def _metadata(args: VllmModelArgs) -> ObjectMetaArgsDict:
    metadata: ObjectMetaArgsDict = {
        "labels": labels.object_labels(args.name, SERVER_COMPONENT, args.platform.environment)
    }
    if args.server.remote_code_reason:
        metadata["annotations"] = {REMOTE_CODE_ANNOTATION: args.server.remote_code_reason}
    return metadata


def _pod_spec(
    args: VllmModelArgs, model: pulumi.Input[str], environment: list[EnvVarArgsDict], parts: PodParts
) -> PodSpecArgsDict:
    pool = args.cluster.pool(args.pool)
    size = pod_size(args.serving)
    spec: PodSpecArgsDict = {
        "service_account_name": args.name,
        "automount_service_account_token": False,
        # A Service called "vllm" would set VLLM_PORT to an address, which vLLM refuses to read as a number.
        "enable_service_links": False,
        "security_context": pod_security_context(uid=UID, gid=0, fs_group=0),
        "priority_class_name": args.priority,
        "node_selector": {POOL_LABEL: pool.name},
        "tolerations": _tolerations(pool),
        "topology_spread_constraints": _spread(args.name),
        "termination_grace_period_seconds": durations.grace_seconds(args.drain_seconds),
        "volumes": [*volumes(size), *parts.volumes],
        "containers": [_container(args, pool, model, environment, parts), *parts.sidecars],
    }
    if parts.init_containers:
        spec["init_containers"] = list(parts.init_containers)
    if args.cluster.runtime_class:
        spec["runtime_class_name"] = args.cluster.runtime_class
    return spec


def _container(
    args: VllmModelArgs,
    pool: NodePool,
    model: pulumi.Input[str],
    environment: list[EnvVarArgsDict],
    parts: PodParts,
) -> ContainerArgsDict:
    size = pod_size(args.serving)
    arguments = server_arguments(
        name=args.name, serving=args.serving, pool=pool, options=args.server, drain_seconds=args.drain_seconds
    )
    periods = durations.startup_seconds(args.serving) // durations.PROBE_PERIOD
    return {
        "name": "vllm",
        "image": args.cluster.registry.rewrite(args.image or VLLM.reference),
        "args": [model, *arguments, *parts.arguments],
        "env": [*environment, *parts.environment],
        "ports": [{"name": PORT_NAME, "container_port": PORT}],
        "security_context": container_security_context(),
        # Compilation at the start uses more cores than serving; a limit at the request would stretch it.
        "resources": resources(
            cpu=str(size.cpu),
            cpu_limit=str(2 * size.cpu),
            memory=f"{size.memory_gib}Gi",
            extended={pool.resource: args.serving.gpus_per_node},
        ),
        "volume_mounts": [*mounts(size), *parts.mounts],
        # The port opens when the weights are loaded and the graphs captured; until then only this probe counts.
        "startup_probe": _probe(period=durations.PROBE_PERIOD, failures=periods),
        "readiness_probe": _probe(period=5, failures=3),
        # A saturated server answers late; restarting it would lose minutes and every request in it.
        "liveness_probe": _probe(period=durations.PROBE_PERIOD, failures=6),
        "lifecycle": {"pre_stop": {"sleep": {"seconds": durations.ENDPOINT_REMOVAL}}},
    }


def _probe(*, period: int, failures: int) -> ProbeArgsDict:
    return {
        "http_get": {"path": "/health", "port": PORT_NAME},
        "period_seconds": period,
        "timeout_seconds": 5,
        "failure_threshold": failures,
    }


def _tolerations(pool: NodePool) -> list[TolerationArgsDict]:
    return [
        {"key": taint.key, "operator": "Equal", "value": taint.value, "effect": taint.effect} for taint in pool.taints
    ]


def _spread(name: str) -> list[TopologySpreadConstraintArgsDict]:
    """Replicas on different zones and nodes where there is a choice; never at the price of not running."""
    return [
        {
            "max_skew": 1,
            "topology_key": key,
            "when_unsatisfiable": "ScheduleAnyway",
            "label_selector": {"match_labels": labels.selector_labels(name, SERVER_COMPONENT)},
            # Pods of the revision that leaves would push the new ones together.
            "match_label_keys": _REVISION_LABELS,
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]
