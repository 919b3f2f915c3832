"""How a model is served, read back from what its server is really told, for the sum that `make fit` makes too."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from components.base import model_declaration as declared
from components.base.gpus import GPU_PRODUCTS, KvCacheFormat, WeightFormat, mig_memory_gib
from components.base.model_catalogue import CATALOGUE
from components.base.model_declaration import commit_in, read_architecture
from components.base.models import Architecture, Task
from components.base.serving import LARGE_GPU_GIB, Serving
from components.base.tasks import TASKS
from policies.fields import Field, MalformedError
from policies.vllm_server import ModelServer

UTILIZATION = 0.92
MAX_NUM_SEQS, MAX_NUM_SEQS_LARGE = 256, 1024
ADAPTER_SLOTS, ADAPTER_RANK = 1, 16
"""What vLLM 0.33 takes where nothing is said (`EngineArgs`, `LoRAConfig`)."""

MIG_RESOURCE = "nvidia.com/mig-"


def architecture_of(server: ModelServer) -> Architecture | None:
    """The architecture by the catalogue, or else as the workload declares it; None when neither knows it. The
    catalogue wins: what it knows, nobody declares smaller."""
    known = CATALOGUE.get(server.declared(declared.MODEL).text())
    if known is not None:
        return known
    field = server.declared(declared.ARCHITECTURE)
    if not field.present:
        return None
    return field.parsed(read_architecture, "the JSON that components/base/model_declaration.py writes")


def contradicts_path(server: ModelServer, architecture: Architecture) -> bool:
    """Whether the weights' path names a model of the catalogue, and `architecture` is that of another one. Weights made
    from a model differ in name and format alone."""
    path = server.command.model.text().replace("--", "/")
    commit = commit_in(path)
    named = path.removesuffix("-code").removesuffix(f"/{commit}")
    known = CATALOGUE.get("/".join(named.split("/")[-2:]))
    if known is None:
        return False
    made_from = replace(
        known,
        name=architecture.name,
        checkpoint=architecture.checkpoint,
        safetensors=architecture.safetensors,
        gated=architecture.gated,
    )
    return made_from != architecture


def serving_of(server: ModelServer, architecture: Architecture, memory_gib: float) -> Serving:
    """How `server` serves, by its arguments. Flags it lacks have vLLM's defaults. Raises MalformedError."""
    command, task = server.command, server.declared(declared.TASK)
    if task.text() not in TASKS:
        raise MalformedError(task.path, f"one of {', '.join(TASKS)}")
    longest = int(command.number("--max-model-len", 0))
    lora = command.mentions("--enable-lora") is not None
    large = memory_gib >= LARGE_GPU_GIB
    return Serving(
        architecture=architecture,
        task=cast("Task", task.text()),
        max_model_len=longest if longest > 0 else architecture.max_context,
        weights=_weights(server, architecture),
        kv_cache=_kv_cache(server),
        tensor_parallel=parallel(server, "tensor"),
        pipeline_parallel=parallel(server, "pipeline"),
        data_parallel=parallel(server, "data"),
        nodes=server.nodes,
        gpu_memory_utilization=command.number("--gpu-memory-utilization", UTILIZATION),
        max_num_seqs=int(command.number("--max-num-seqs", MAX_NUM_SEQS_LARGE if large else MAX_NUM_SEQS)),
        max_num_batched_tokens=int(command.number("--max-num-batched-tokens", 0)),
        adapter_slots=int(command.number("--max-loras", ADAPTER_SLOTS)) if lora else 0,
        adapter_rank=int(command.number("--max-lora-rank", ADAPTER_RANK)) if lora else 0,
        prefix_cache_share=number_of(server.declared(declared.PREFIX_CACHE_SHARE)) or 0.0,
        video_gib=number_of(server.declared(declared.VIDEO_MEMORY)) or 0.0,
    )


def parallel(server: ModelServer, kind: str) -> int:
    """Size of one kind of parallelism: `tensor`, `pipeline` or `data`. Raises MalformedError below 1."""
    size = int(server.command.number(f"--{kind}-parallel-size", 1))
    if size < 1:
        raise MalformedError(server.arguments_path, f"a size of 1 or more for {kind} parallelism")
    return size


def memory_of(server: ModelServer) -> float | None:
    """GiB of what the server sees as one GPU, None where nobody says it. Never more than the product, or the slice of
    it that the pod asks for, really has."""
    stated = number_of(server.declared(declared.GPU_MEMORY))
    if stated is None:
        return None
    product = GPU_PRODUCTS.get(server.declared(declared.GPU_PRODUCT).text())
    slices = [
        _slice(key.removeprefix(MIG_RESOURCE), amount.path)
        for key, amount in server.container.field.at("resources", "limits").entries()
        if key.startswith(MIG_RESOURCE)
    ]
    return min([stated, *slices, *([product.memory_gib] if product else [])])


def _slice(profile: str, path: str) -> float:
    try:
        return mig_memory_gib(profile)
    except ValueError as error:
        raise MalformedError(path, "a MIG profile such as 1g.18gb") from error


def number_of(field: Field) -> float | None:
    """A positive number that an annotation holds, None when it is absent. Raises MalformedError."""
    if not field.present:
        return None
    number = field.parsed(float, "a number")
    if not number > 0:
        raise MalformedError(field.path, "a number above 0")
    return number


def _weights(server: ModelServer, architecture: Architecture) -> WeightFormat:
    quantization, dtype = server.command.last("--quantization"), server.command.last("--dtype")
    if dtype is not None and dtype.value in {"float", "float32"}:
        raise MalformedError(dtype.path, "16 bits or fewer: nothing is served in 32")
    if quantization is not None and quantization.value == "fp8":
        return "fp8"
    return architecture.checkpoint


def _kv_cache(server: ModelServer) -> KvCacheFormat:
    given = server.command.last("--kv-cache-dtype")
    return "fp8" if given is not None and (given.value or "").startswith("fp8") else "auto"
