"""ModelServers: what runs a model's pods, what stands in front of them, and what moves requests to a new version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi_kubernetes.apiextensions import CustomResource

from components.base import labels
from components.base.capabilities import provides
from components.base.model_declaration import declaration
from components.base.model_objects import group_name, successor_service
from components.base.rollout_plan import RolloutPlan
from components.vllm_model import durations, names
from components.vllm_model.arguments import VllmModelArgs
from components.vllm_model.pod_parts import PodParts
from components.vllm_model.scaling import leave_replicas
from components.vllm_model.server.pod import pod_template
from components.vllm_model.workloads import analysis, group, rollout, route
from components.vllm_model.workloads.deployment import deployment_spec
from components.vllm_model.workloads.service import disruption_budget_spec, service_spec
from components.vllm_model.workloads.target import ScaleTarget

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import EnvVarArgsDict, PodTemplateSpecArgsDict

TYPE = "ai-platform:vllm_model:ModelServers"

_NO_WAIT = {"pulumi.com/skipAwait": "true"}
_TAKE_BACK = {"pulumi.com/patchForce": "true"}
"""A model that was a Rollout leaves a Service whose selector belongs to Argo Rollouts. Without this, the engine stops
at the conflict when the model becomes a Deployment again."""


@dataclass(frozen=True, kw_only=True)
class ModelServersArgs:
    """`path` is where the servers find the weights, `parts` and `environment` are what they need for it. `ready` must
    exist before the first pod."""

    model: VllmModelArgs
    path: pulumi.Input[str]
    parts: PodParts
    environment: list[EnvVarArgsDict]
    ready: tuple[pulumi.Resource, ...]


class ModelServers(pulumi.ComponentResource):
    """A Deployment, a Rollout or a LeaderWorkerSet. `workload` is that object, `target` how an autoscaler names it."""

    workload: pulumi.Resource
    target: ScaleTarget

    def __init__(self, name: str, args: ModelServersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args, self._model = name, args, args.model
        self._owner = opts.parent if opts else None
        if args.model.serving.nodes > 1:
            self._group()
        elif args.model.rollout:
            self._rollout(args.model.rollout)
        else:
            self._deployment()
        k8s.policy.v1.PodDisruptionBudget(
            f"{name}-disruption-budget",
            metadata=self._metadata(self._model.name),
            spec=disruption_budget_spec(self._model.name),
            opts=self._moved("disruption-budget", self._child()),
        )
        self.register_outputs({"kind": self.target.kind})

    def _deployment(self) -> None:
        model = self._model
        self.target = ScaleTarget(api_version="apps/v1", kind="Deployment", name=model.name)
        self.workload = k8s.apps.v1.Deployment(
            f"{self._name}-deployment",
            metadata={**self._metadata(model.name), "annotations": self._declared()},
            spec=deployment_spec(model, self._template()),
            opts=self._moved("deployment", self._workload_options()),
        )
        # After its pods: the engine holds a Service until one is ready, and a copy of the weights may take hours.
        self._service(model.name, after=(self.workload,))

    def _group(self) -> None:
        model, seconds = self._model, durations.startup_seconds(self._model.serving)
        # The pods are an operator's: the engine would wait for them as long as none runs, in a rehearsal for ever.
        self._service(model.name, also=group.LEADER_LABEL, wait=False)
        leader = self._template(group.group_parts(leader=True, startup_seconds=seconds))
        worker = self._template(group.group_parts(leader=False, startup_seconds=seconds))
        self._serve_with(
            "group",
            ScaleTarget(api_version=group.API_VERSION, kind=group.KIND, name=group_name(model.name)),
            group.group_spec(model, leader, worker),
        )
        server = names.server(model.name)
        model.platform.wiring.allow_range(server, server, group.FIRST_PORT, group.LAST_PORT)

    def _rollout(self, plan: RolloutPlan) -> None:
        model = self._model
        successor = successor_service(model.name, plan)
        # Argo Rollouts writes the hash of a version into the selectors; taking it back would mix both versions.
        services = [self._service(name, wait=False, ignore=("spec.selector",)) for name in (model.name, successor)]
        templates = [
            self._custom(
                part,
                (rollout.API_VERSION, rollout.ANALYSIS_KIND, rollout.analysis_name(model.name, part)),
                spec,
                self._child(*model.operators),
            )
            for part, spec in _analyses(model, plan).items()
        ]
        routes = (self._route(successor),) if plan.strategy == "canary" else ()
        self._serve_with(
            "rollout",
            ScaleTarget(api_version=rollout.API_VERSION, kind=rollout.KIND, name=model.name),
            rollout.rollout_spec(model, plan, self._template()),
            *services,
            *templates,
            *routes,
        )

    def _route(self, canary: str) -> CustomResource:
        return self._custom(
            "route",
            (route.API_VERSION, route.KIND, self._model.name),
            route.route_spec(self._model.name, canary),
            pulumi.ResourceOptions.merge(
                self._child(*self._model.operators),
                # The plug-in of Argo Rollouts sets the weights. Rules are one value to the API server (an atomic list),
                # so ownership of a weight is ownership of all rules; they depend on the model's name alone.
                pulumi.ResourceOptions(ignore_changes=["spec.rules"]),
            ),
        )

    def _template(self, further: PodParts | None = None) -> PodTemplateSpecArgsDict:
        args = self._args
        parts = args.parts + further if further else args.parts
        return pod_template(args.model, model=args.path, environment=args.environment, parts=parts)

    def _service(
        self,
        name: str,
        *,
        also: dict[str, str] | None = None,
        wait: bool = True,
        ignore: tuple[str, ...] = (),
        after: tuple[pulumi.Resource, ...] = (),
    ) -> k8s.core.v1.Service:
        model = self._model
        # No pod stands behind the Service of a stopped model: the engine would wait for one until it gives up.
        waits = wait and not (model.scaling and model.scaling.stops)
        annotations = ({} if waits else _NO_WAIT) | ({} if ignore else _TAKE_BACK)
        metadata = self._metadata(name)
        if annotations:
            metadata["annotations"] = annotations
        # The engine holds a Service as long as a pod behind it is not ready, through every slow rollout.
        opts = pulumi.ResourceOptions.merge(
            pulumi.ResourceOptions.merge(
                self._child(*after), durations.patience(durations.rollout_seconds(model.serving))
            ),
            pulumi.ResourceOptions(ignore_changes=list(ignore) or None),
        )
        own = name == model.name
        suffix = "service" if own else name.removeprefix(f"{model.name}-") + "-service"
        return k8s.core.v1.Service(
            f"{self._name}-{suffix}",
            metadata=metadata,
            spec=service_spec(model.name, also),
            opts=self._moved("service", opts) if own else opts,
        )

    def _serve_with(self, suffix: str, target: ScaleTarget, spec: dict[str, Any], *after: pulumi.Resource) -> None:
        """An operator's kind of workload. The engine does not wait for its pods: a window may stay shut for days."""
        opts = self._workload_options(*self._model.operators, *after)
        address = (target.api_version, target.kind, target.name)
        self.target, self.workload = target, self._custom(suffix, address, spec, opts, self._declared())

    def _custom(
        self,
        suffix: str,
        address: tuple[str, str, str],
        spec: dict[str, Any],
        opts: pulumi.ResourceOptions,
        annotations: dict[str, str] | None = None,
    ) -> CustomResource:
        """A custom resource at `address`: API version, kind and name."""
        api_version, kind, name = address
        metadata = self._metadata(name)
        if annotations:
            metadata["annotations"] = annotations
        return CustomResource(
            f"{self._name}-{suffix}", api_version=api_version, kind=kind, metadata=metadata, spec=spec, opts=opts
        )

    def _workload_options(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        model, args = self._model, self._args
        return pulumi.ResourceOptions.merge(
            pulumi.ResourceOptions.merge(
                self._child(*args.ready, *args.parts.ready, *after), leave_replicas(model.scaling)
            ),
            durations.patience(durations.rollout_seconds(model.serving)),
        )

    def _moved(self, suffix: str, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
        """For what the model itself made before this component did: without its first address the engine would make it
        anew, under a name that is taken."""
        first = pulumi.Alias(name=f"{self._name.removesuffix('-servers')}-{suffix}", parent=self._owner)
        return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(aliases=[first]))

    def _child(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return self._model.platform.child_options(self, *after)

    def _declared(self) -> dict[str, str]:
        """Annotations of the workload: what it provides, and the facts of the model that policies judge."""
        model = self._model
        return {**provides("gpu-serving"), **declaration(model.serving, model.weights, model.cluster.pool(model.pool))}

    def _metadata(self, name: str) -> k8s.meta.v1.ObjectMetaArgsDict:
        model = self._model
        return {
            "name": name,
            "namespace": names.NAMESPACE,
            "labels": labels.object_labels(model.name, names.SERVER_COMPONENT, model.platform.environment),
        }


def _analyses(model: VllmModelArgs, plan: RolloutPlan) -> dict[str, dict[str, Any]]:
    """Specs of the AnalysisTemplates that the Rollout names, by the last part of their names."""
    task = model.serving.task
    if plan.strategy == "canary":
        found = {
            "step": analysis.step_spec(model.name, task, plan),
            "watch": analysis.watch_spec(model.name, plan),
        }
    else:
        found = {
            "before-takeover": analysis.before_takeover_spec(model.name, plan),
            "after-takeover": analysis.after_takeover_spec(model.name, task, plan),
        }
    if plan.windows:
        found["window"] = analysis.window_spec(plan.windows)
    return found
