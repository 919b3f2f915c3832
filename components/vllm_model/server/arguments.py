"""Arguments of `vllm serve`, which is the image's entry point. Flags are those of vLLM 0.33."""

from __future__ import annotations

from components.base.gpus import memory_per_unit
from components.base.models import TEXT_TASKS
from components.base.node_pools import NodePool
from components.base.serving import Serving
from components.base.serving_rules import SIXTEEN_BITS


def server_arguments(
    *,
    name: str,
    serving: Serving,
    pool: NodePool,
    tool_call_parser: str | None,
    reasoning_parser: str | None,
    drain_seconds: int,
) -> list[str]:
    """Everything after the model's path. Sizes are explicit, so that the server runs what the capacity check summed."""
    return [
        f"--served-model-name={name}",
        *_task(serving, tool_call_parser, reasoning_parser),
        *_memory(serving, pool),
        *_precision(serving),
        f"--shutdown-timeout={drain_seconds}",
        "--disable-access-log-for-endpoints=/health,/metrics",
        # The routes of the documentation page load scripts from the internet and describe the server to anyone.
        "--disable-fastapi-docs",
    ]


def _task(serving: Serving, tool_call_parser: str | None, reasoning_parser: str | None) -> list[str]:
    if serving.task not in TEXT_TASKS:
        return ["--runner=pooling"]
    # Budgets bind only when streamed answers state their tokens too.
    arguments = ["--runner=generate", "--enable-force-include-usage"]
    if tool_call_parser:
        arguments += ["--enable-auto-tool-choice", f"--tool-call-parser={tool_call_parser}"]
    if reasoning_parser:
        arguments.append(f"--reasoning-parser={reasoning_parser}")
    return arguments


def _memory(serving: Serving, pool: NodePool) -> list[str]:
    # vLLM counts in shares of the whole GPU, of which a time-sliced pod has its part.
    utilization = serving.gpu_memory_utilization / (1 if pool.mig_profile else pool.time_slices)
    return [
        f"--max-model-len={serving.max_model_len}",
        f"--max-num-seqs={serving.max_num_seqs}",
        f"--max-num-batched-tokens={serving.batched_tokens(memory_per_unit(pool))}",
        f"--gpu-memory-utilization={utilization:.4g}",
        f"--tensor-parallel-size={serving.tensor_parallel}",
        f"--pipeline-parallel-size={serving.pipeline_parallel}",
    ]


def _precision(serving: Serving) -> list[str]:
    arguments = []
    published = serving.architecture.checkpoint
    if serving.weights == "fp8" and published in SIXTEEN_BITS:
        arguments.append("--quantization=fp8")
    elif serving.weights in SIXTEEN_BITS:
        arguments.append(f"--dtype={'bfloat16' if serving.weights == 'bf16' else 'float16'}")
    # Any other format is read from the checkpoint itself: naming it would pin a slower kernel.
    if serving.kv_cache != "auto":
        arguments.append(f"--kv-cache-dtype={serving.kv_cache}")
    return arguments
