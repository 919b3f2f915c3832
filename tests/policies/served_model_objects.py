"""Models as the program serves them, and the workloads it writes for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from components.base.capacity import Fit, fit
from components.base.model_catalogue import find_model
from components.base.model_declaration import (
    declaration,
)
from components.base.model_weights import (
    HuggingFaceWeights,
)
from components.base.node_pools import NodePool
from components.base.serving import Serving
from components.vllm_model.adapters.sidecar import adapter_arguments
from components.vllm_model.server.arguments import server_arguments
from components.vllm_model.server.options import DEFAULT_OPTIONS
from policies.served_model import architecture_of, memory_of, serving_of
from policies.subjects import subjects_of
from policies.vllm_server import ModelServer, model_servers
from tests.policies.objects import Json
from tests.policies.serving_objects import (
    COMMIT,
    MODEL,
    model_server,
    server_pod,
)

WEIGHTS = HuggingFaceWeights(repository=MODEL, revision=COMMIT)
DESCRIBED = replace(find_model(MODEL), name="own/model", layers=30)


def pool(product: str = "NVIDIA-L40S", memory: float = 44.3, **changes: Any) -> NodePool:
    facts: dict[str, Any] = {
        "name": "pool",
        "role": "gpu",
        "cpu": 64,
        "memory_gib": 512,
        "min_nodes": 1,
        "max_nodes": 1,
        "product": product,
        "gpus_per_node": 8,
        "memory_per_gpu_gib": memory,
    }
    return NodePool(**facts | changes)


H100 = pool("NVIDIA-H100-80GB-HBM3", 79.1)


def serving(name: str = MODEL, **changes: Any) -> Serving:
    architecture = find_model(name)
    facts: dict[str, Any] = {
        "architecture": architecture,
        "task": architecture.tasks[0],
        "max_model_len": min(8192, architecture.max_context),
        "weights": architecture.checkpoint,
    }
    return Serving(**facts | changes)


def rendered(served: Serving, on: NodePool) -> Json:
    """The workload as the program writes it."""
    arguments = [
        "s3://models/anything",
        *server_arguments(name="qwen", serving=served, pool=on, options=DEFAULT_OPTIONS, drain_seconds=60),
        *(adapter_arguments(served) if served.adapter_slots else ()),
    ]
    sizes = {on.resource: str(served.gpus)}
    record = model_server(server_pod(args=arguments, resources={"limits": sizes}))
    record["inputs"]["metadata"]["annotations"] = declaration(served, WEIGHTS, on)
    return record


def first_server(record: Json) -> ModelServer:
    return next(server for subject in subjects_of(record) for server in model_servers(subject))


def sum_of(record: Json) -> Fit:
    server = first_server(record)
    architecture, memory = architecture_of(server), memory_of(server)
    assert architecture
    assert memory
    return fit(serving_of(server, architecture, memory), memory)
