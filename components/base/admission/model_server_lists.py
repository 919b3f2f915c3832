"""What a vLLM server may and may not be told: the lists of the policy pack, which a test holds equal."""

from __future__ import annotations

from components.base.tasks import TASKS, served_routes

SAFE_FORMATS = frozenset({"safetensors", "runai_streamer", "runai_streamer_sharded", "fastsafetensors"})
REVISION_FLAGS = ("--revision", "--tokenizer-revision", "--code-revision")
WEIGHT_CHECKS = ("WEIGHTS_DIGEST", "WEIGHTS_SIGNATURE")
DANGEROUS_FLAGS = (
    "--profiler-config",
    "--enable-tokenizer-info-endpoint",
    "--tool-server",
    "--io-processor-plugin",
    "--logits-processors",
    "--reasoning-parser-plugin",
    "--scheduler-cls",
    "--tool-parser-plugin",
    "--worker-cls",
    "--worker-extension-cls",
)
DANGEROUS_VARIABLES = (
    "VLLM_SERVER_DEV_MODE",
    "VLLM_ALLOW_INSECURE_SERIALIZATION",
    "VLLM_DEBUG_LOG_API_SERVER_RESPONSE",
)
RUNTIME_ADAPTERS = "VLLM_ALLOW_RUNTIME_LORA_UPDATING"
GUARD = "served_routes.ServedRoutes"
KNOWN_ROUTES = frozenset(route for task in TASKS for route in served_routes(task))
BOUNDS = ("--max-model-len", "--max-num-seqs", "--max-num-queued-reqs")
MOST_ANSWERS = 128
CACHES = ("VLLM_CACHE_ROOT", "TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR")
JUDGED_FLAGS = (
    "--allowed-local-media-path",
    "--allowed-media-domains",
    "--code-revision",
    "--config",
    "--data-parallel-size",
    "--disable-fastapi-docs",
    "--dtype",
    "--enable-lora",
    "--enable-tokenizer-info-endpoint",
    "--gpu-memory-utilization",
    "--io-processor-plugin",
    "--kv-cache-dtype",
    "--kv-cache-memory-bytes",
    "--load-format",
    "--logits-processors",
    "--max-lora-rank",
    "--max-loras",
    "--max-model-len",
    "--max-num-batched-tokens",
    "--max-num-queued-reqs",
    "--max-num-seqs",
    "--middleware",
    "--model",
    "--pipeline-parallel-size",
    "--profiler-config",
    "--quantization",
    "--reasoning-parser",
    "--reasoning-parser-plugin",
    "--revision",
    "--scheduler-cls",
    "--tensor-parallel-size",
    "--tokenizer",
    "--tokenizer-revision",
    "--tool-parser-plugin",
    "--tool-server",
    "--trust-remote-code",
    "--worker-cls",
    "--worker-extension-cls",
)
"""Every flag that a rule reads: an abbreviation of one would go unseen."""
REMOTE_CODE_REASON = "ai-platform/trust-remote-code-reason"
