"""Models: that they are served, from pinned weights, scaled and rolled out, within a quota of GPUs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, cast

from components.base.capabilities.evidence.containers import container, exceeds, from_secret, variable
from components.base.capabilities.facets import Amount, Facet, Names, holds
from components.base.capabilities.resources import Key, Reading, Record, Resources, is_set
from components.base.capabilities.specification import Specification
from components.base.namespaces import GPU_OPERATOR

MODEL = "ai-platform:vllm_model:VllmModel"
WORKLOADS = ("Deployment", "argoproj.io:Rollout", "leaderworkerset.x-k8s.io:LeaderWorkerSet")
_REVISION = re.compile(r"[0-9a-f]{40}")
_GPU = "nvidia.com/"


def servers_of(resources: Resources, model: Record) -> list[Record]:
    """The workloads that serve a model on GPUs."""
    return [
        record
        for record in resources.children(model, *WORKLOADS)
        if record.name.startswith(f"{model.name}-servers") and _gpus(record) is not None
    ]


def _gpus(record: Record) -> tuple[Key, ...] | None:
    """Keys of the GPUs that the first container of a workload asks for."""
    limits = record.read(*container(), "resources", "limits")
    names = cast("dict[str, Any]", limits) if isinstance(limits, dict) else {}
    return next(((*container(), "resources", "limits", name) for name in names if name.startswith(_GPU)), None)


def serving(resources: Resources) -> Iterator[Reading]:
    """Every declared model has servers that ask for GPUs, want a key and fetch nothing from the internet."""
    scaled = _scaled(resources)
    for model in resources.of(MODEL):
        servers = servers_of(resources, model)
        if not servers:
            yield model.says("served", "no")
        for server in servers:
            keys = _gpus(server)
            if server.read("spec", "replicas") == 0 and server.object_name not in scaled:
                yield server.says("served", "no", "spec", "replicas")
            yield server.holds("served", *(keys or ()), when=lambda count: str(count) not in {"0", ""})
            yield server.holds("authenticated", *from_secret(server, "VLLM_API_KEY"), when=is_set)
            yield server.holds("offline", *variable(server, "HF_HUB_OFFLINE"), "value", when=lambda value: value == "1")
            yield server.holds("probed", *container(), "readinessProbe", when=is_set)


def quota(resources: Resources) -> Iterator[Reading]:
    """Models have a limited number of GPUs, every other namespace has none."""
    key = "requests.nvidia.com/gpu"
    for namespace in resources.kind("Namespace"):
        if namespace.object_name == GPU_OPERATOR:
            # Its validator asks each GPU to compute something before the node is announced.
            continue
        quotas = resources.named("ResourceQuota", "gpu-quota", namespace.object_name)
        if not quotas:
            yield namespace.says("limited", "no", "metadata", "name")
        for found in quotas:
            yield found.holds("limited", "spec", "hard", key, when=lambda count: count is not None)
            if namespace.object_name == "models":
                yield found.amount("models", "spec", "hard", key)
            else:
                yield found.holds("others", "spec", "hard", key, when=lambda count: str(count) == "0")


def priorities(resources: Resources) -> Iterator[Reading]:
    """Priority classes by name."""
    for record in resources.kind("scheduling.k8s.io:PriorityClass"):
        yield record.says("classes", frozenset({record.object_name}), "metadata", "name")
        yield record.holds("ordered", "value", when=lambda value: isinstance(value, (int, float)) and value != 0)


def weights(resources: Resources) -> Iterator[Reading]:
    """A Job fetches each model's weights at one revision; servers only read what it wrote."""
    for model in resources.of(MODEL):
        jobs = [job for job in resources.children(model, "Job") if job.name == f"{model.name}-job"]
        name = model.name.removeprefix("model-")
        accounts = resources.named("ServiceAccount", f"{name}-weights", "models")
        if not jobs:
            yield from (account.exists("pinned", "no") for account in accounts)
        for job in jobs:
            revision = (*variable(job, "MODEL_REVISION"), "value")
            yield job.holds("pinned", *revision, when=lambda value: bool(_REVISION.fullmatch(str(value))))
            account: tuple[Key, ...] = ("spec", "template", "spec", "serviceAccountName")
            readers = {server.read(*account) for server in servers_of(resources, model)}
            yield job.holds("read-only-servers", *account, when=_writes_alone(f"{name}-weights", readers))


def _writes_alone(own: str, readers: set[Any]) -> Callable[[Any], bool]:
    return lambda writer: writer == own and writer not in readers


def autoscaling(resources: Resources) -> Iterator[Reading]:
    """Scalers that may add copies, driven by the operator's chart."""
    scalers = [record for record in resources.kind("keda.sh:ScaledObject") if record.namespace == "models"]
    for record in scalers:
        yield record.holds("grows", "spec", "maxReplicaCount", when=exceeds(record.read("spec", "minReplicaCount")))
        yield record.holds("load-triggered", "spec", "triggers", when=is_set)
    scaled = _scaled(resources)
    for model in resources.of(MODEL) if scalers else []:
        for server in servers_of(resources, model):
            # A number of copies that the program does not write, or no more than once, is a scaler's to choose.
            chosen = server.read("spec", "replicas") is None or "spec.replicas" in server.ignored
            if chosen and server.object_name not in scaled:
                yield server.says("grows", "no", "spec", "replicas")
    if scalers:
        yield from _pinned(resources, "keda")


def _scaled(resources: Resources) -> set[Any]:
    """Names of the workloads whose copies a scaler chooses, down to none."""
    return {
        record.read("spec", "scaleTargetRef", "name")
        for record in resources.kind("keda.sh:ScaledObject")
        if record.namespace == "models"
    }


def rollouts(resources: Resources) -> Iterator[Reading]:
    """New versions go by steps and are judged by measurements on the way."""
    found = [record for record in resources.kind("argoproj.io:Rollout") if record.namespace == "models"]
    for record in found:
        yield record.holds("by-steps", "spec", "strategy", when=is_set)
    for record in resources.kind("argoproj.io:AnalysisTemplate") if found else []:
        yield record.holds("measured", "spec", "metrics", when=is_set)
    if found:
        yield from _pinned(resources, "argo-rollouts")


def _pinned(resources: Resources, chart: str) -> Iterator[Reading]:
    """The chart's record: what it would install, left out of a rehearsal or not."""
    for record in resources.charts(chart):
        yield record.holds("operator-pinned", "version", when=is_set)


def gpu_software(resources: Resources) -> Iterator[Reading]:
    """The GPU operator's pinned chart, with the parts that announce and measure GPUs."""
    for record in resources.charts("gpu-operator"):
        yield record.holds("pinned", "version", when=is_set)
        yield record.holds("announced", "values", "devicePlugin", "enabled")
        yield record.holds("labelled", "values", "gfd", "enabled")
        yield record.holds("measured", "values", "dcgmExporter", "enabled")


_OPERATOR = holds("operator-pinned", "the operator comes from a chart at one pinned version", "operability")

SPECIFICATIONS = (
    Specification(
        name="gpu-serving",
        statement="Every declared model is served on GPUs.",
        evidence=serving,
        facets=(
            holds("served", "every declared model has servers that ask for GPUs", "function"),
            holds("authenticated", "servers want a key", "security"),
            holds("offline", "servers fetch nothing from a model hub when they start", "security"),
            holds("probed", "no request reaches a server that is not ready", "operability"),
        ),
    ),
    Specification(
        name="gpu-quota",
        statement="Only models get GPUs, and no more than the nodes have.",
        evidence=quota,
        facets=(
            Facet(
                name="models",
                meaning="GPUs of all models",
                kind="capacity",
                minimum=1,
                order=Amount("GPUs"),
                floor_only=True,
            ),
            holds("others", "other namespaces have none", "security"),
            holds("limited", "every namespace has a quota", "security"),
        ),
    ),
    Specification(
        name="gpu-software",
        statement="GPUs are announced to the scheduler, labelled and measured.",
        evidence=gpu_software,
        facets=(
            holds("pinned", "the operator comes from a chart at one pinned version", "operability"),
            holds("announced", "the device plugin offers GPUs to pods", "function"),
            holds("labelled", "nodes carry their GPUs' product and memory", "function"),
            holds("measured", "temperature, load and errors of GPUs are measured", "operability"),
        ),
    ),
    Specification(
        name="model-scheduling-priority",
        statement="Interactive models go before batch work where GPUs are scarce.",
        evidence=priorities,
        facets=(
            Facet(
                name="classes",
                meaning="priority classes",
                kind="function",
                minimum=frozenset({"platform-batch", "platform-critical", "platform-standard"}),
                order=Names(),
            ),
            holds("ordered", "each has a priority of its own", "function"),
        ),
    ),
    Specification(
        name="model-weights",
        statement="Weights are those of one revision, and servers cannot change them.",
        evidence=weights,
        facets=(
            holds("pinned", "fetched at a revision of 40 digits", "security"),
            holds("read-only-servers", "another account than the servers' writes them", "security"),
        ),
    ),
    Specification(
        name="model-autoscaling",
        chosen=True,
        statement="Models get copies by load.",
        evidence=autoscaling,
        facets=(
            holds("grows", "a scaler may add copies", "capacity"),
            holds("load-triggered", "measured load decides", "capacity"),
            _OPERATOR,
        ),
    ),
    Specification(
        name="model-rollouts",
        chosen=True,
        statement="A new version of a model is tried on a part of the requests first.",
        evidence=rollouts,
        facets=(
            holds("by-steps", "new versions get requests by steps", "operability"),
            holds("measured", "measurements stop a bad version", "operability"),
            _OPERATOR,
        ),
    ),
)
