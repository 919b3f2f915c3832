"""The Deployment of a model that runs on one node and is updated replica by replica."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.base import labels
from components.vllm_model import durations
from components.vllm_model.arguments import VllmModelArgs
from components.vllm_model.names import SERVER_COMPONENT

if TYPE_CHECKING:
    from pulumi_kubernetes.apps.v1 import DeploymentSpecArgsDict
    from pulumi_kubernetes.core.v1 import PodTemplateSpecArgsDict


def deployment_spec(args: VllmModelArgs, template: PodTemplateSpecArgsDict) -> DeploymentSpecArgsDict:
    """The Deployment. An update stops a replica before it starts its successor: a surge would need spare GPUs, and
    would wait for them forever in a pool that its models fill."""
    selector = labels.selector_labels(args.name, SERVER_COMPONENT)
    return {
        "replicas": args.replicas,
        "selector": {"match_labels": selector},
        "strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": 0, "max_unavailable": 1}},
        "progress_deadline_seconds": durations.rollout_seconds(args.serving),
        "template": template,
    }
