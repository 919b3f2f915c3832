"""Reads the question from the variables that make hands over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from components.base.gpus import GpuProduct, KvCacheFormat, UnknownGpuError, WeightFormat, find_gpu
from components.base.model_catalogue import find_model
from components.base.models import Architecture, UnknownModelError
from components.base.node_pools import NodePool
from components.base.serving import Serving
from tools.fit.errors import FitError

LARGEST_NODE = 8
"""GPUs of the largest servers and instances."""

MOST_NODES = 4
"""Nodes of one replica that are tried."""

USAGE = (
    "make fit MODEL=<repository> [GPU=<product>] [COUNT=<gpus>] [CONTEXT=<tokens>] [WEIGHTS=<format>] "
    "[KV_CACHE=auto|fp8], or make fit STACK=<stack>"
)


@dataclass(frozen=True, kw_only=True)
class Question:
    """`gpu` is None where every product is to be tried, `count` where the smallest number is asked for. `weights_asked`
    says that the format was named, not taken from the checkpoint.
    """

    architecture: Architecture
    gpu: GpuProduct | None
    count: int | None
    context: int
    weights: WeightFormat
    kv_cache: KvCacheFormat
    weights_asked: bool = False

    def serving(self, count: int) -> Serving:
        """Serving the model on `count` GPUs of one node."""
        return Serving(
            architecture=self.architecture,
            task=self.architecture.tasks[0],
            max_model_len=self.context,
            weights=self.weights,
            kv_cache=self.kv_cache,
            tensor_parallel=count,
        )


def read_question(variables: Mapping[str, str]) -> Question:
    """The question in MODEL, GPU, COUNT, CONTEXT, WEIGHTS and KV_CACHE. Raises FitError naming what is wrong."""
    if not variables.get("MODEL"):
        message = f"MODEL is not set: {USAGE}"
        raise FitError(message)
    try:
        architecture = find_model(variables["MODEL"])
        label = variables.get("GPU")
        gpu = find_gpu(label) if label else None
    except UnknownModelError as error:
        message = f"MODEL: {error}"
        raise FitError(message) from None
    except UnknownGpuError as error:
        message = f"GPU: {error}"
        raise FitError(message) from None
    weights, kv_cache = _formats(variables, architecture)
    return Question(
        architecture=architecture,
        gpu=gpu,
        count=_number(variables, "COUNT"),
        context=_number(variables, "CONTEXT") or architecture.max_context,
        weights=weights,
        kv_cache=kv_cache,
        weights_asked=bool(variables.get("WEIGHTS")),
    )


def node_of(gpu: GpuProduct) -> NodePool:
    """A pool of large nodes of `gpu`, in which cores and main memory are no limit."""
    return NodePool(
        name=gpu.label,
        role="gpu",
        cpu=256,
        memory_gib=4096,
        min_nodes=1,
        max_nodes=MOST_NODES,
        product=gpu.label,
        gpus_per_node=LARGEST_NODE,
        memory_per_gpu_gib=gpu.memory_gib,
    )


def _formats(variables: Mapping[str, str], architecture: Architecture) -> tuple[WeightFormat, KvCacheFormat]:
    weights = variables.get("WEIGHTS") or architecture.checkpoint
    kv_cache = variables.get("KV_CACHE") or "auto"
    for name, value, known in (
        ("WEIGHTS", weights, get_args(WeightFormat)),
        ("KV_CACHE", kv_cache, get_args(KvCacheFormat)),
    ):
        if value not in known:
            message = f"{name}: {value!r} is no format; use {', '.join(known)}"
            raise FitError(message)
    return weights, kv_cache  # pyright: ignore[reportReturnType] # checked against the literals above


def _number(variables: Mapping[str, str], name: str) -> int | None:
    text = variables.get(name)
    if not text:
        return None
    if not text.isdigit() or int(text) == 0:
        message = f"{name}: {text!r} is no whole number above 0"
        raise FitError(message)
    return int(text)
