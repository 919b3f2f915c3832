"""What a model server's pod asks of its node beside GPUs: cores, main memory and shared memory."""

from __future__ import annotations

from dataclasses import dataclass

from components.base.adapters import adapter_memory_gib
from components.base.serving import Serving

STREAM_BUFFER_BYTES = 5 * 2**30
"""Buffer of each GPU's weights streamer in main memory. It must hold the largest tensor (the embedding of a model with
a vocabulary of 262,208 and width 5,376 is 2.7 GiB), and it is the value of vLLM's own example."""

_SERVER_GIB = 8
"""API server and engine core with their tokenizer, and what torch.compile needs at the first start."""
_WORKER_GIB = 4
"""Host side of one GPU's process: CUDA context, PyTorch, pinned buffers."""
_MULTIMODAL_GIB = 8
"""vLLM caches preprocessed images in two processes, 4 GiB each (`--mm-processor-cache-gb`)."""
_SHARED_GIB_PER_GPU = 2
"""Message queues of vLLM (0.25 GiB a group) and NCCL's buffers between processes of one pod."""


@dataclass(frozen=True, kw_only=True)
class PodSize:
    """`cpu` in cores (hyperthreads), memory in GiB. `shared_memory_gib` is part of `memory_gib`, 0 where none is
    mounted."""

    cpu: int
    memory_gib: int
    shared_memory_gib: int


def pod_size(serving: Serving) -> PodSize:
    """Size of one pod of a replica, which has as many pods as it has nodes.

    Cores: one physical core each for the API server, the engine core and every GPU's process, and a physical core is
    two hyperthreads (vLLM documentation, "Optimization and Tuning", CPU resources for GPU deployments). Shared memory
    is mounted only where processes of several GPUs talk through it; a memory-backed volume counts against the limit.
    """
    gpus = serving.gpus_per_node
    shared = _SHARED_GIB_PER_GPU * gpus if gpus > 1 else 0
    buffers = gpus * (STREAM_BUFFER_BYTES // 2**30)
    multimodal = _MULTIMODAL_GIB if "vision" in serving.architecture.tasks else 0
    adapters = gpus * adapter_memory_gib(serving.architecture, serving.adapter_rank, serving.adapter_slots)
    return PodSize(
        cpu=2 * (2 + gpus),
        memory_gib=_SERVER_GIB + gpus * _WORKER_GIB + buffers + multimodal + adapters + shared,
        shared_memory_gib=shared,
    )
