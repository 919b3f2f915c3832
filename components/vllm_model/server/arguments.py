"""Arguments of `vllm serve`, which is the image's entry point. Flags are those of vLLM 0.33; a test compares them with
the source of the pinned release."""

from __future__ import annotations

import json

from components.base.gpus import memory_per_unit
from components.base.node_pools import NodePool
from components.base.serving import Serving
from components.base.serving_rules import SIXTEEN_BITS
from components.base.tasks import TASKS
from components.vllm_model.environment import verbatim
from components.vllm_model.server.options import ServerOptions

NO_MEDIA_HOST = "none.invalid"
"""The only host that media may be fetched from: one that cannot exist (RFC 6761). An empty list would allow all."""

_MEDIA_CACHE_GIB = 8
"""Host memory for preprocessed media in all processes of a pod; `components/base/pod_sizes.py` adds it to the pod."""


def server_arguments(
    *, name: str, serving: Serving, pool: NodePool, options: ServerOptions, drain_seconds: int
) -> list[str]:
    """Everything after the model's path. Sizes are explicit, so that the server runs what the capacity check summed."""
    return [
        f"--served-model-name={name}",
        *_task(serving),
        *_media(serving, options),
        *_parsers(options),
        *_memory(serving, pool),
        *_queue(serving, options),
        *_caches(serving),
        *_precision(serving),
        *_code(options),
        f"--shutdown-timeout={drain_seconds}",
        "--disable-access-log-for-endpoints=/health,/metrics",
        # The routes of the documentation page load scripts from the internet and describe the server to anyone.
        "--disable-fastapi-docs",
    ]


def _task(serving: Serving) -> list[str]:
    facts = TASKS[serving.task]
    arguments = [f"--runner={facts.runner}"]
    if facts.convert:
        arguments.append(f"--convert={facts.convert}")
    if facts.runner == "generate" and serving.task != "transcription":
        # Budgets bind only when streamed answers state their tokens too.
        arguments.append("--enable-force-include-usage")
    return arguments


def _media(serving: Serving, options: ServerOptions) -> list[str]:
    """What a request may bring beside text. No server fetches what a client names, or clients could reach through it
    what only the pod can reach; images come inside the request, as `data:` addresses."""
    arguments = [f"--allowed-media-domains={NO_MEDIA_HOST}"]
    if serving.task in {"vision", "image-embedding"}:
        limits = {"image": options.images, "video": options.videos, "audio": 0}
        # Each API process and each engine keeps a copy; vLLM starts one of both per data-parallel rank.
        cache = _MEDIA_CACHE_GIB / (2 * serving.data_parallel)
        arguments += [f"--limit-mm-per-prompt={json.dumps(limits)}", f"--mm-processor-cache-gb={cache:g}"]
    elif "vision" in serving.architecture.tasks:
        # The encoder of images would only take memory from the cache of a model that is served for text.
        arguments.append("--language-model-only")
    return arguments


def _parsers(options: ServerOptions) -> list[str]:
    arguments = []
    if options.tool_call_parser:
        arguments += ["--enable-auto-tool-choice", f"--tool-call-parser={options.tool_call_parser}"]
    if options.reasoning_parser:
        arguments.append(f"--reasoning-parser={options.reasoning_parser}")
    if options.overrides:
        overrides = json.dumps(dict(options.overrides), sort_keys=True)
        arguments.append(f"--hf-overrides={verbatim(overrides)}")
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
        f"--data-parallel-size={serving.data_parallel}",
    ]


def _queue(serving: Serving, options: ServerOptions) -> list[str]:
    """What is above the limit is answered with 503 at once, so that the gateway tries a fallback instead of waiting.
    vLLM counts requests that run as well as those that wait, over all data-parallel ranks."""
    running = serving.max_num_seqs * serving.data_parallel
    waiting = running if options.max_queued is None else options.max_queued
    return [f"--max-num-queued-reqs={running + waiting}"]


def _caches(serving: Serving) -> list[str]:
    """Prefix caching and chunked prefill, where the task settles it. A decoder that returns vectors has them or not by
    its pooling, which vLLM reads from the checkpoint."""
    if serving.task == "transcription" or serving.architecture.encoder_only:
        return ["--no-enable-prefix-caching", "--no-enable-chunked-prefill"]
    if TASKS[serving.task].runner == "generate":
        return ["--enable-prefix-caching", "--enable-chunked-prefill"]
    return []


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


def _code(options: ServerOptions) -> list[str]:
    return ["--trust-remote-code"] if options.remote_code_reason else []
