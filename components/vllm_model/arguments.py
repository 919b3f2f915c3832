"""What a model is given, and the checks of its plain arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.base.handles import ClusterHandle, ObjectStore, PlatformContext
from components.base.model_weights import HuggingFaceWeights, ImageWeights, VolumeWeights, Weights, delivery_problem
from components.base.priorities import Priority
from components.base.rollout_plan import RolloutPlan
from components.base.serving import Serving
from components.base.serving_rules import fit_on, serving_problems
from components.base.wiring import Workload
from components.vllm_model.adapters.arguments import Adapters, adapter_problem
from components.vllm_model.scaling.arguments import Scaling
from components.vllm_model.server.options import DEFAULT_OPTIONS, ServerOptions
from components.vllm_model.server.remote_code import remote_code_problem


@dataclass(frozen=True, kw_only=True)
class VllmModelArgs:
    """One model.

    `name` is the Service, the name that clients use and the name that the server answers to. `pool` names a pool of the
    cluster with GPUs. `gateway` are the only pods, beside Prometheus, that reach the server, and `api_key` is the key
    that it holds for it (a secret Output). `store` holds the weights, None where they are mounted. `hugging_face_token`
    is a secret Output for gated repositories, None where there is none. `image` replaces the pinned release. `adapters`
    are LoRA adapters that are served beside the model, None where there are none.
    `drain_seconds` is how long a stopping server may finish requests: no shorter than the gateway's stream timeout.
    `replicas` is their number at creation, and for good where `scaling` is None. `rollout` is how
    a new version takes over, None for replica after replica. `operators` must exist before custom resources of the
    operators that serve the model.
    """

    name: str
    cluster: ClusterHandle
    platform: PlatformContext
    serving: Serving
    weights: Weights
    pool: str
    replicas: int
    gateway: Workload
    api_key: pulumi.Output[str]
    store: ObjectStore | None = None
    hugging_face_token: pulumi.Output[str] | None = None
    priority: Priority = "platform-standard"
    server: ServerOptions = DEFAULT_OPTIONS
    adapters: Adapters | None = None
    image: str | None = None
    drain_seconds: int = 300
    scaling: Scaling | None = None
    rollout: RolloutPlan | None = None
    operators: Sequence[pulumi.Resource] = ()

    @property
    def streamed(self) -> bool:
        """Whether the server streams its weights from the object store."""
        return not isinstance(self.weights, (ImageWeights, VolumeWeights))


class ModelError(ValueError):
    """A model that cannot be served as asked. The message names the model, the fault and the fix."""


def check(args: VllmModelArgs) -> None:
    """Raise ModelError when the plain arguments cannot work: nothing of the model is created then."""
    problem = (
        _capacity_problem(args)
        or _weights_problem(args)
        or remote_code_problem(args.serving.architecture, args.weights, args.server.remote_code_reason)
        or adapter_problem(args.adapters, args.serving, args.store)
    )
    if problem:
        message = f"model {args.name}: {problem}"
        raise ModelError(message)


def _capacity_problem(args: VllmModelArgs) -> str | None:
    try:
        pool = args.cluster.pool(args.pool)
    except KeyError as error:
        return str(error.args[0])
    if pool.role != "gpu":
        return f"pool {pool.name!r} has no GPUs"
    faults = serving_problems(args.serving, pool)
    if faults:
        return f"{faults[0].key}: {faults[0].message}"
    if not fit_on(args.serving, pool).fits:
        return f"{args.serving.architecture.name} does not fit {args.serving.gpus} x {pool.product}"
    return None


def _weights_problem(args: VllmModelArgs) -> str | None:
    if args.streamed and args.store is None:
        return "its weights come from the object store, and there is none"
    undeliverable = delivery_problem(args.weights, args.cluster.storage.shared)
    if undeliverable:
        return undeliverable
    gated = isinstance(args.weights, HuggingFaceWeights) and args.serving.architecture.gated
    if gated and args.hugging_face_token is None:
        return (
            f"{args.serving.architecture.name} is gated: accept its licence on Hugging Face, then "
            "pulumi config set --secret ai-platform:huggingFaceToken"
        )
    return None
