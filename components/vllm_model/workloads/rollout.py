"""The Rollout of a model (argoproj.io/v1alpha1): a canary by weights of an HTTPRoute, or a second set of replicas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from components.base import labels
from components.base.model_objects import successor_service
from components.base.rollout_plan import RolloutPlan
from components.base.wire_keys import wire
from components.vllm_model import durations
from components.vllm_model.arguments import VllmModelArgs
from components.vllm_model.names import SERVER_COMPONENT
from components.vllm_model.workloads.analysis import hash_arguments

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import PodTemplateSpecArgsDict

API_VERSION = "argoproj.io/v1alpha1"
KIND = "Rollout"
ANALYSIS_KIND = "AnalysisTemplate"

TRAFFIC_ROUTER = "argoproj-labs/gatewayAPI"
"""Name under which the plug-in registers itself."""

_FULL = 100


def analysis_name(model: str, part: str) -> str:
    """Name of one of the model's AnalysisTemplates."""
    return f"{model}-{part}"


def rollout_spec(args: VllmModelArgs, plan: RolloutPlan, template: PodTemplateSpecArgsDict) -> dict[str, Any]:
    """The Rollout. A new version that does not get ready in the time that a start may take is given up."""
    strategy = _canary(args.name, plan) if plan.strategy == "canary" else _blue_green(args.name, plan)
    return {
        "replicas": args.replicas,
        "selector": {"matchLabels": labels.selector_labels(args.name, SERVER_COMPONENT)},
        "revisionHistoryLimit": 3,
        "progressDeadlineSeconds": durations.rollout_seconds(args.serving),
        # Argo Rollouts 1.9 counts the wait for a window as lack of progress where the window is not a canary's step.
        "progressDeadlineAbort": plan.strategy == "canary" or not plan.windows,
        "strategy": strategy,
        "template": wire(template),
    }


def _canary(model: str, plan: RolloutPlan) -> dict[str, Any]:
    return {
        "canary": {
            "stableService": model,
            "canaryService": successor_service(model, plan),
            # The stable side gives up GPUs as the canary takes them. Going back then waits for stable replicas to
            # start, in which the canary keeps the share that the stable side cannot serve.
            "dynamicStableScale": True,
            "trafficRouting": {
                # The label would be one more thing that two programs set on one object.
                "plugins": {TRAFFIC_ROUTER: {"httpRoute": model, "disableInProgressLabel": True}},
            },
            "analysis": {
                "templates": [{"templateName": analysis_name(model, "watch")}],
                "args": hash_arguments(),
                # Step numbers count from 0: nothing runs that could be watched before the first weight.
                "startingStep": 2 if plan.windows else 1,
            },
            "steps": _steps(model, plan),
        }
    }


def _steps(model: str, plan: RolloutPlan) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    if plan.windows:
        steps.append({"analysis": {"templates": [{"templateName": analysis_name(model, "window")}]}})
    judgement = {"templates": [{"templateName": analysis_name(model, "step")}], "args": hash_arguments()}
    for weight in plan.weights:
        if weight == _FULL and plan.manual:
            steps.append({"pause": {}})
        steps.append({"setWeight": weight})
        if weight != _FULL:
            steps += [{"pause": {"duration": f"{plan.pause_seconds}s"}}, {"analysis": judgement}]
    return steps


def _blue_green(model: str, plan: RolloutPlan) -> dict[str, Any]:
    before = [{"templateName": analysis_name(model, "before-takeover")}]
    if plan.windows:
        before.append({"templateName": analysis_name(model, "window")})
    return {
        "blueGreen": {
            "activeService": model,
            "previewService": successor_service(model, plan),
            "autoPromotionEnabled": not plan.manual,
            "prePromotionAnalysis": {"templates": before, "args": hash_arguments()},
            "postPromotionAnalysis": {
                "templates": [{"templateName": analysis_name(model, "after-takeover")}],
                "args": hash_arguments(),
            },
            # Connections that the gateway holds open lead to the old replicas for a while.
            "scaleDownDelaySeconds": 60,
        }
    }
