"""What vLLM reported about its KV cache on real GPUs, as others published it: cases for a table test of the capacity.

`HELD_OUT` judges the formula and is never tuned to; constants may be tuned to `FOR_TUNING` only. Nobody chose which
case is where: all cases were sorted by (model, gpu, max_model_len), ties by identity, and dealt alternately, the first
to `HELD_OUT`, before the formula was run on any of them. Collected on 2026-11-21.

A case holds only what its source states. A default that the source leaves unstated is the default of its vLLM version,
which is said in `note`: `gpu_memory_utilization` is 0.9 in old versions and already 0.92 in 0.25.0. "Older engine" in a
note means V0, which profiles a whole prompt of `max_model_len` tokens. In quotes, `;` joins lines and [...] shortens.
"""

from __future__ import annotations

from dataclasses import dataclass

from components.base.gpus import KvCacheFormat, WeightFormat


@dataclass(frozen=True, kw_only=True)
class PublishedCase:
    """One start of vLLM. `gpu` is a key of `GPU_PRODUCTS`: the nearest one where the card is missing there, see `note`.

    `kv_tokens` is what the whole engine holds; where it refused to start, the number that its error names.
    `available_kv_gib` and `weights_gib` are those of one GPU. `fits` says whether the engine started. `length_stated`
    is False where `max_model_len` is a guess: the tokens do not depend on it, whether it fits does. `excluded` says why
    a case judges nothing: a reason that lies in its source, written down before any error was looked at.
    """

    identity: str
    model: str
    gpu: str
    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    max_model_len: int
    gpu_memory_utilization: float
    weights: WeightFormat
    kv_cache: KvCacheFormat = "auto"
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    enforce_eager: bool = False
    version: str | None = None
    kv_tokens: int | None = None
    available_kv_gib: float | None = None
    weights_gib: float | None = None
    fits: bool | None = None
    source: str
    quote: str
    note: str = ""
    excluded: str = ""
    length_stated: bool = True


_OLDER_ENGINE = "the V0 engine, which profiles a whole prompt of max_model_len tokens"
_GPU_INFERRED = "the source does not say which card it was"

_GITHUB = "https://github.com/"
_VLLM = _GITHUB + "vllm-project/vllm/"
_RAY = _GITHUB + "ray-project/ray/blob/master/doc/source/serve/tutorials/deployment-serve-llm/"
_NEWBLOG = _GITHUB + "ddiiwoong/newblog/blob/00205ba200e6dbc05edf8d9871859fb09cd8feaa/blog/"
_QUANTIZATION = _NEWBLOG + "2026-08-19-quantization-3way-benchmark.md"
_SWEEP = _NEWBLOG + "2026-08-23-llm-advanced-optimization.md"
_CAPSTONE = (
    _GITHUB
    + "ddiiwoong/newblog/blob/ca0977f4aaed493717b06da7547f92729ab5fa55/blog/2026-09-06-llm-optimization-capstone.md"
)
_STRESS = _GITHUB + "satyan0/stress-testing-gpu/blob/e92e37bdff31c6afaa6161c3f5860ec59a04f9da/results/BASELINE.md"
_HPI = _GITHUB + "aihpi/litellm-k8s/blob/main/docs/adding-models.md"
_TOKENKAKI = (
    _GITHUB + "dariustanrd/tokenkaki/blob/main/blogposts/content/1_vllm/yy-mm-dd-behind-the-api-1-vllm-draft.md"
)
_QWQ = _GITHUB + "Rauljo/HEPCoverageKG/blob/main/hpc/serve_stacked.sh"
_CODE_SEARCH = _GITHUB + "search?type=code&q="

HELD_OUT: tuple[PublishedCase, ...] = (
    PublishedCase(
        identity="hepcoverage-qwq-32b-awq-a100",
        model="Qwen/QwQ-32B-AWQ",
        gpu="NVIDIA-A100-SXM4-80GB",
        max_model_len=32768,
        gpu_memory_utilization=0.9,
        weights="awq",
        version="0.18.0",
        kv_tokens=212528,
        weights_gib=18.1494,
        fits=True,
        source=_QWQ,
        quote="GPU KV cache size: 212,528 tokens <- at --gpu-memory-utilization 0.90",
        note=(
            "A100 of 80 GB, form factor not stated. max_model_len and version are the script's; the log "
            "may have had others."
        ),
    ),
    PublishedCase(
        identity="ddiiwoong-qwen25-14b-2xa10g-pp2",
        model="Qwen/Qwen2.5-14B-Instruct",
        gpu="NVIDIA-A10G",
        pipeline_parallel=2,
        max_model_len=4096,
        gpu_memory_utilization=0.9,
        weights="bf16",
        max_num_seqs=128,
        kv_tokens=49744,
        weights_gib=13.79,
        fits=True,
        source=_SWEEP,
        quote="14B PP=2 | 2 | OK | 13.79 | 49,744 | 12.14x",
    ),
    PublishedCase(
        identity="ddiiwoong-qwen25-14b-4xa10g-tp4",
        model="Qwen/Qwen2.5-14B-Instruct",
        gpu="NVIDIA-A10G",
        tensor_parallel=4,
        max_model_len=4096,
        gpu_memory_utilization=0.9,
        weights="bf16",
        max_num_seqs=128,
        kv_tokens=261856,
        weights_gib=6.95,
        fits=True,
        source=_SWEEP,
        quote="14B TP=4 | 4 | OK | 6.95 | 261,856 | 63.93x",
    ),
    PublishedCase(
        identity="ddiiwoong-qwen25-14b-2xl4-pp2",
        model="Qwen/Qwen2.5-14B-Instruct",
        gpu="NVIDIA-L4",
        pipeline_parallel=2,
        max_model_len=4096,
        gpu_memory_utilization=0.9,
        weights="bf16",
        max_num_seqs=128,
        version="0.28.0",
        kv_tokens=49488,
        weights_gib=13.79,
        fits=True,
        source=_SWEEP,
        quote="14B PP=2 | 2 | OK | 13.79 | 49,488 | 12.08x",
    ),
    PublishedCase(
        identity="ddiiwoong-qwen25-14b-4xl4-tp4",
        model="Qwen/Qwen2.5-14B-Instruct",
        gpu="NVIDIA-L4",
        tensor_parallel=4,
        max_model_len=4096,
        gpu_memory_utilization=0.9,
        weights="bf16",
        max_num_seqs=128,
        version="0.28.0",
        kv_tokens=267360,
        weights_gib=6.95,
        fits=True,
        source=_SWEEP,
        quote="14B TP=4 | 4 | OK | 6.95 | 267,360 | 65.27x",
    ),
    PublishedCase(
        identity="ddiiwoong-qwen25-7b-2xa10g-tp2",
        model="Qwen/Qwen2.5-7B-Instruct",
        gpu="NVIDIA-A10G",
        tensor_parallel=2,
        max_model_len=4096,
        gpu_memory_utilization=0.9,
        weights="bf16",
        max_num_seqs=128,
        kv_tokens=431344,
        weights_gib=7.16,
        fits=True,
        source=_SWEEP,
        quote="7B TP=2 | 2 | OK | 7.16 | 431,344 | 105.31x",
    ),
    PublishedCase(
        identity="ddiiwoong-qwen25-7b-1xl4-tp1",
        model="Qwen/Qwen2.5-7B-Instruct",
        gpu="NVIDIA-L4",
        max_model_len=4096,
        gpu_memory_utilization=0.9,
        weights="bf16",
        max_num_seqs=128,
        version="0.28.0",
        kv_tokens=62512,
        weights_gib=14.29,
        fits=True,
        source=_SWEEP,
        quote="7B TP=1 | 1 | OK | 14.29 | 62,512 | 15.26x",
    ),
    PublishedCase(
        identity="ddiiwoong-qwen25-7b-4xl4-tp4",
        model="Qwen/Qwen2.5-7B-Instruct",
        gpu="NVIDIA-L4",
        tensor_parallel=4,
        max_model_len=4096,
        gpu_memory_utilization=0.9,
        weights="bf16",
        max_num_seqs=128,
        version="0.28.0",
        kv_tokens=1170336,
        weights_gib=3.63,
        fits=True,
        source=_SWEEP,
        quote="7B TP=4 | 4 | OK | 3.63 | 1,170,336 | 285.73x",
    ),
    PublishedCase(
        identity="ddiiwoong-qwen25-7b-l40s-gptq",
        model="Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4",
        gpu="NVIDIA-L40S",
        max_model_len=32768,
        gpu_memory_utilization=0.9,
        weights="gptq",
        version="0.8.5.post1",
        kv_tokens=611248,
        weights_gib=5.1811,
        fits=True,
        source=_QUANTIZATION,
        quote="GPU KV cache size: 611,248 tokens Maximum concurrency for 32,768 tokens per request: 18.65x",
        note="gpu_memory_utilization is not stated: the default of that version.",
    ),
    PublishedCase(
        identity="ddiiwoong-qwen3-14b-awq-2xl4-pp2",
        model="Qwen/Qwen3-14B-AWQ",
        gpu="NVIDIA-L4",
        pipeline_parallel=2,
        max_model_len=40960,
        gpu_memory_utilization=0.92,
        weights="awq",
        version="0.28.0",
        kv_tokens=184000,
        available_kv_gib=14.04,
        fits=True,
        source=_CAPSTONE,
        quote="pp2 | 14.04 GiB (184,000 tok) | 4.49x",
        note="gpu_memory_utilization is not stated: 0.92 is the default of that version.",
    ),
    PublishedCase(
        identity="ddiiwoong-qwen3-14b-awq-l4",
        model="Qwen/Qwen3-14B-AWQ",
        gpu="NVIDIA-L4",
        max_model_len=40960,
        gpu_memory_utilization=0.92,
        weights="awq",
        version="0.28.0",
        kv_tokens=59632,
        available_kv_gib=9.1,
        weights_gib=9.44,
        fits=True,
        source=_CAPSTONE,
        quote="single | 9.10 GiB (59,632 tok) | 1.46x",
        note=(
            "gpu_memory_utilization is not stated: 0.92 is the default of that version. A repetition of "
            "the same arm reports 10.33 GiB and 67,696 tokens."
        ),
    ),
    PublishedCase(
        identity="ddiiwoong-qwen3-14b-awq-l40s",
        model="Qwen/Qwen3-14B-AWQ",
        gpu="NVIDIA-L40S",
        max_model_len=40960,
        gpu_memory_utilization=0.92,
        weights="awq",
        version="0.28.0",
        kv_tokens=194192,
        available_kv_gib=29.63,
        weights_gib=9.44,
        fits=True,
        source=_CAPSTONE,
        quote="9.44 GiB | 29.63 GiB (194,192 tok) | 4.74x",
        note="gpu_memory_utilization is not stated: 0.92 is the default of that version.",
    ),
    PublishedCase(
        identity="l40s-log-qwen3-235b-fp8-8xl40s",
        model="Qwen/Qwen3-235B-A22B-Instruct-2507-FP8",
        gpu="NVIDIA-L40S",
        tensor_parallel=8,
        max_model_len=32768,
        gpu_memory_utilization=0.9,
        weights="fp8",
        max_num_batched_tokens=2048,
        version="0.10.2",
        kv_tokens=238208,
        available_kv_gib=10.65,
        weights_gib=27.72,
        fits=True,
        source=_CODE_SEARCH + "%22GPU+KV+cache+size%3A+238%2C208+tokens%22",
        quote="GPU KV cache size: 238,208 tokens",
        note=(
            "With expert parallelism over the 8 GPUs. A log in a public repository, path unknown: the "
            "address searches for the quotation."
        ),
    ),
    PublishedCase(
        identity="vllm-48322-qwen3-8b-rtx4090-2048",
        model="Qwen/Qwen3-8B",
        gpu="NVIDIA-GeForce-RTX-4090",
        max_model_len=32768,
        gpu_memory_utilization=0.9,
        weights="bf16",
        max_num_batched_tokens=2048,
        kv_tokens=40464,
        fits=True,
        source=_VLLM + "pull/48322",
        quote="from 2048 to 8192 shrank the KV cache pool by 10% (40,464 -> 36,720 tokens)",
        note=("max_model_len is NOT stated; it must have been below the tokens, and the pool does not depend on it."),
        length_stated=False,
    ),
    PublishedCase(
        identity="a100-notes-qwen3-vl-30b",
        model="Qwen/Qwen3-VL-30B-A3B-Instruct",
        gpu="NVIDIA-A100-SXM4-80GB",
        max_model_len=262144,
        gpu_memory_utilization=0.9,
        weights="bf16",
        version="0.11.0",
        kv_tokens=87840,
        available_kv_gib=8.04,
        fits=False,
        source=_CODE_SEARCH + "%22the+estimated+maximum+model+length+is+87840%22",
        quote="KV cache memory (8.04 GiB). [...] the estimated maximum model length is 87840",
        note=(
            "The tokens are the estimated maximum length. Path of the notes unknown: the address "
            "searches for the quotation."
        ),
    ),
    PublishedCase(
        identity="ddiiwoong-qwen25-7b-l40s-fp8",
        model="RedHatAI/Qwen2.5-7B-Instruct-FP8-dynamic",
        gpu="NVIDIA-L40S",
        max_model_len=32768,
        gpu_memory_utilization=0.9,
        weights="fp8",
        version="0.8.5.post1",
        kv_tokens=553216,
        weights_gib=8.1426,
        fits=True,
        source=_QUANTIZATION,
        quote="GPU KV cache size: 553,216 tokens Maximum concurrency for 32,768 tokens per request: 16.88x",
        note="gpu_memory_utilization is not stated: the default of that version.",
    ),
    PublishedCase(
        identity="ray-deepseek-r1-2x8xh100",
        model="deepseek-ai/DeepSeek-R1",
        gpu="NVIDIA-H100-80GB-HBM3",
        tensor_parallel=8,
        pipeline_parallel=2,
        max_model_len=32768,
        gpu_memory_utilization=0.9,
        weights="fp8",
        kv_tokens=952238,
        fits=True,
        source=_RAY + "large-size-llm/README.md",
        quote="Maximum concurrency for 32,768 tokens per request: 29.06x",
        note=(
            "Concurrency times length; the log rounds the concurrency to two digits. The page's "
            "configuration has 16384 tokens, its log and its example 32768. gpu_memory_utilization is "
            "not stated: the default of that version."
        ),
    ),
    PublishedCase(
        identity="ray-llama31-70b-8xl40s",
        model="meta-llama/Llama-3.1-70B-Instruct",
        gpu="NVIDIA-L40S",
        tensor_parallel=8,
        max_model_len=32768,
        gpu_memory_utilization=0.9,
        weights="bf16",
        kv_tokens=582943,
        fits=True,
        source=_RAY + "medium-size-llm/README.md",
        quote="Example log for 8xL40S: Maximum concurrency for 32,768 tokens per request: 17.79x",
        note=(
            "Concurrency times length; the log rounds the concurrency to two digits. "
            "gpu_memory_utilization is not stated: the default of that version."
        ),
    ),
    PublishedCase(
        identity="satyan0-llama31-70b-fp8-rtxpro6000-875",
        model="meta-llama/Llama-3.1-70B-Instruct",
        gpu="NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition",
        max_model_len=16384,
        gpu_memory_utilization=0.875,
        weights="fp8",
        version="0.23.0",
        kv_tokens=39872,
        available_kv_gib=12.17,
        weights_gib=67.7,
        fits=True,
        source=_STRESS,
        quote="fp8, util=0.875 | 67.7 GiB | 12.17 GiB -> 39,872 tok",
        note="bf16 weights converted to fp8 while loading.",
    ),
    PublishedCase(
        identity="vllm-10517-llama31-8b-rtx3090-20k",
        model="meta-llama/Llama-3.1-8B-Instruct",
        gpu="NVIDIA-GeForce-RTX-4090",
        max_model_len=20000,
        gpu_memory_utilization=0.9,
        weights="bf16",
        kv_tokens=31232,
        available_kv_gib=3.81,
        weights_gib=14.9888,
        fits=True,
        source=_VLLM + "issues/10517",
        quote="GPU blocks: 1952; Maximum concurrency for 20000 tokens per request: 1.56x",
        note=(
            "The card is an RTX 3090 of 23.58 GiB. Older engine: profiles one prompt of max_model_len without chunks."
        ),
        excluded=_OLDER_ENGINE,
    ),
    PublishedCase(
        identity="ray-llama31-8b-l4",
        model="meta-llama/Llama-3.1-8B-Instruct",
        gpu="NVIDIA-L4",
        max_model_len=8192,
        gpu_memory_utilization=0.9,
        weights="bf16",
        kv_tokens=28918,
        fits=True,
        source=_RAY + "small-size-llm/README.md",
        quote="Maximum concurrency for 8192 tokens per request: 3.53x",
        note=(
            "Concurrency times length; the log rounds the concurrency to two digits. The page says A10G "
            "or L4, its configuration L4; the log line is the older engine's. gpu_memory_utilization is "
            "not stated: the default of that version."
        ),
        excluded=_OLDER_ENGINE,
    ),
    PublishedCase(
        identity="hpi-llama33-70b-fp8-h100-32k",
        model="nvidia/Llama-3.3-70B-Instruct-FP8",
        gpu="NVIDIA-H100-80GB-HBM3",
        max_model_len=32000,
        gpu_memory_utilization=0.95,
        weights="fp8",
        kv_cache="fp8",
        max_num_seqs=8,
        max_num_batched_tokens=8192,
        kv_tokens=33504,
        available_kv_gib=5.11,
        weights_gib=67.7,
        fits=True,
        source=_HPI,
        quote="Available KV cache memory: 5.11 GiB GPU KV cache size: 33,504 tokens",
        note="gpu_memory_utilization from models/llama-3-3-70b/deployment.yaml of the same repository.",
    ),
    PublishedCase(
        identity="huikang-gpt-oss-120b",
        model="openai/gpt-oss-120b",
        gpu="NVIDIA-H100-80GB-HBM3",
        max_model_len=98304,
        gpu_memory_utilization=0.96,
        weights="mxfp4",
        max_num_seqs=6,
        max_num_batched_tokens=2048,
        version="0.11.2",
        kv_tokens=130960,
        available_kv_gib=8.99,
        weights_gib=65.9651,
        fits=True,
        source="https://blog.huikang.dev/2025/12/28/vllm-logs.html",
        quote="Available KV cache memory: 8.99 GiB; GPU KV cache size: 130,960 tokens",
        note=("One GPU of a Kaggle notebook; H100 80GB follows from the memory, the part read does not name it."),
        excluded=_GPU_INFERRED,
    ),
    PublishedCase(
        identity="ray-gpt-oss-120b-2xl40s",
        model="openai/gpt-oss-120b",
        gpu="NVIDIA-L40S",
        tensor_parallel=2,
        max_model_len=32768,
        gpu_memory_utilization=0.9,
        weights="mxfp4",
        version="0.10.2",
        kv_tokens=202506,
        fits=True,
        source=_RAY + "gpt-oss/README.md",
        quote=("Example log for gpt-oss-120b with 2xL40S: Maximum concurrency for 32,768 tokens per request: 6.18x"),
        note=(
            "Concurrency times length; the log rounds the concurrency to two digits. "
            "gpu_memory_utilization is not stated: the default of that version."
        ),
    ),
    PublishedCase(
        identity="ray-gpt-oss-20b-l4",
        model="openai/gpt-oss-20b",
        gpu="NVIDIA-L4",
        max_model_len=32768,
        gpu_memory_utilization=0.9,
        weights="mxfp4",
        version="0.10.2",
        kv_tokens=171049,
        fits=True,
        source=_RAY + "gpt-oss/README.md",
        quote="Example log for gpt-oss-20b with 1xL4: Maximum concurrency for 32,768 tokens per request: 5.22x",
        note=(
            "Concurrency times length; the log rounds the concurrency to two digits. "
            "gpu_memory_utilization is not stated: the default of that version."
        ),
    ),
)
"""Judges the formula; it is never tuned to these."""

FOR_TUNING: tuple[PublishedCase, ...] = (
    PublishedCase(
        identity="ddiiwoong-qwen25-14b-1xa10g-tp1",
        model="Qwen/Qwen2.5-14B-Instruct",
        gpu="NVIDIA-A10G",
        max_model_len=4096,
        gpu_memory_utilization=0.9,
        weights="bf16",
        max_num_seqs=128,
        fits=False,
        source=_SWEEP,
        quote="14B TP=1 | 1 | FAILED (OOM); Tried to allocate 270.00 MiB",
        note="Out of memory while loading the weights.",
    ),
    PublishedCase(
        identity="ddiiwoong-qwen25-14b-2xa10g-tp2",
        model="Qwen/Qwen2.5-14B-Instruct",
        gpu="NVIDIA-A10G",
        tensor_parallel=2,
        max_model_len=4096,
        gpu_memory_utilization=0.9,
        weights="bf16",
        max_num_seqs=128,
        kv_tokens=47504,
        weights_gib=13.93,
        fits=True,
        source=_SWEEP,
        quote="14B TP=2 | 2 | OK | 13.93 | 47,504 | 11.60x",
    ),
    PublishedCase(
        identity="ddiiwoong-qwen25-14b-1xl4-tp1",
        model="Qwen/Qwen2.5-14B-Instruct",
        gpu="NVIDIA-L4",
        max_model_len=4096,
        gpu_memory_utilization=0.9,
        weights="bf16",
        max_num_seqs=128,
        version="0.28.0",
        fits=False,
        source=_SWEEP,
        quote="14B TP=1 | 1 | FAILED (OOM); Tried to allocate 270.00 MiB",
        note="Out of memory while loading the weights.",
    ),
    PublishedCase(
        identity="ddiiwoong-qwen25-14b-2xl4-tp2",
        model="Qwen/Qwen2.5-14B-Instruct",
        gpu="NVIDIA-L4",
        tensor_parallel=2,
        max_model_len=4096,
        gpu_memory_utilization=0.9,
        weights="bf16",
        max_num_seqs=128,
        version="0.28.0",
        kv_tokens=54224,
        weights_gib=13.93,
        fits=True,
        source=_SWEEP,
        quote="14B TP=2 | 2 | OK | 13.93 | 54,224 | 13.24x",
    ),
    PublishedCase(
        identity="ddiiwoong-qwen25-7b-1xa10g-tp1",
        model="Qwen/Qwen2.5-7B-Instruct",
        gpu="NVIDIA-A10G",
        max_model_len=4096,
        gpu_memory_utilization=0.9,
        weights="bf16",
        max_num_seqs=128,
        kv_tokens=62688,
        weights_gib=14.29,
        fits=True,
        source=_SWEEP,
        quote="7B TP=1 | 1 | OK | 14.29 | 62,688 | 15.30x",
    ),
    PublishedCase(
        identity="ddiiwoong-qwen25-7b-4xa10g-tp4",
        model="Qwen/Qwen2.5-7B-Instruct",
        gpu="NVIDIA-A10G",
        tensor_parallel=4,
        max_model_len=4096,
        gpu_memory_utilization=0.9,
        weights="bf16",
        max_num_seqs=128,
        kv_tokens=1175168,
        weights_gib=3.63,
        fits=True,
        source=_SWEEP,
        quote="7B TP=4 | 4 | OK | 3.63 | 1,175,168 | 286.91x",
    ),
    PublishedCase(
        identity="ddiiwoong-qwen25-7b-2xl4-tp2",
        model="Qwen/Qwen2.5-7B-Instruct",
        gpu="NVIDIA-L4",
        tensor_parallel=2,
        max_model_len=4096,
        gpu_memory_utilization=0.9,
        weights="bf16",
        max_num_seqs=128,
        version="0.28.0",
        kv_tokens=446192,
        weights_gib=7.16,
        fits=True,
        source=_SWEEP,
        quote="7B TP=2 | 2 | OK | 7.16 | 446,192 | 108.93x",
    ),
    PublishedCase(
        identity="ddiiwoong-qwen25-7b-l40s-bf16",
        model="Qwen/Qwen2.5-7B-Instruct",
        gpu="NVIDIA-L40S",
        max_model_len=32768,
        gpu_memory_utilization=0.9,
        weights="bf16",
        version="0.8.5.post1",
        kv_tokens=444592,
        weights_gib=14.2488,
        fits=True,
        source=_QUANTIZATION,
        quote="GPU KV cache size: 444,592 tokens Maximum concurrency for 32,768 tokens per request: 13.57x",
        note="gpu_memory_utilization is not stated: the default of that version.",
    ),
    PublishedCase(
        identity="ddiiwoong-qwen3-14b-l40s",
        model="Qwen/Qwen3-14B",
        gpu="NVIDIA-L40S",
        max_model_len=40960,
        gpu_memory_utilization=0.92,
        weights="bf16",
        version="0.28.0",
        kv_tokens=75824,
        available_kv_gib=11.57,
        weights_gib=27.52,
        fits=True,
        source=_CAPSTONE,
        quote="Available KV cache memory: 11.57 GiB GPU KV cache size: 75,824 tokens",
        note="gpu_memory_utilization is not stated: 0.92 is the default of that version.",
    ),
    PublishedCase(
        identity="ddiiwoong-qwen3-14b-awq-2xl4-tp2",
        model="Qwen/Qwen3-14B-AWQ",
        gpu="NVIDIA-L4",
        tensor_parallel=2,
        max_model_len=40960,
        gpu_memory_utilization=0.92,
        weights="awq",
        version="0.28.0",
        kv_tokens=188512,
        available_kv_gib=14.38,
        fits=True,
        source=_CAPSTONE,
        quote="tp2 | 14.38 GiB (188,512 tok) | 4.60x",
        note="gpu_memory_utilization is not stated: 0.92 is the default of that version.",
    ),
    PublishedCase(
        identity="ddiiwoong-qwen3-14b-awq-l40s-1k",
        model="Qwen/Qwen3-14B-AWQ",
        gpu="NVIDIA-L40S",
        max_model_len=1024,
        gpu_memory_utilization=0.95,
        weights="awq",
        max_num_seqs=8,
        max_num_batched_tokens=8192,
        version="0.28.0",
        kv_tokens=203264,
        available_kv_gib=31.02,
        weights_gib=9.44,
        fits=True,
        source=_CAPSTONE,
        quote="31.02 GiB (203,264 tok) | 198.50x",
    ),
    PublishedCase(
        identity="vllm-21348-qwen3-235b-fp8-4xh100",
        model="Qwen/Qwen3-235B-A22B-FP8",
        gpu="NVIDIA-H100-80GB-HBM3",
        tensor_parallel=4,
        max_model_len=40960,
        gpu_memory_utilization=0.9,
        weights="fp8",
        kv_tokens=178880,
        available_kv_gib=8.11,
        fits=True,
        source=_VLLM + "issues/21348",
        quote="Available KV cache memory: 8.11 GiB GPU KV cache size: 178,880 tokens",
        note=(
            "max_model_len is the model's own, no flag given; an LMCache connector is loaded. "
            "gpu_memory_utilization is not stated: the default of that version."
        ),
        excluded="an LMCache connector is loaded, which takes GPU memory of its own",
    ),
    PublishedCase(
        identity="tokenkaki-qwen3-8b-a100-40",
        model="Qwen/Qwen3-8B",
        gpu="NVIDIA-A100-SXM4-40GB",
        max_model_len=40960,
        gpu_memory_utilization=0.9,
        weights="bf16",
        max_num_batched_tokens=2048,
        version="0.9.2",
        kv_tokens=136080,
        available_kv_gib=18.69,
        weights_gib=15.2683,
        fits=True,
        source=_TOKENKAKI,
        quote="GPU KV cache size: 136,080 tokens",
        note="Read in an earlier version of the file; later ones use vLLM 0.19.1.",
    ),
    PublishedCase(
        identity="vllm-48322-qwen3-8b-rtx4090-8192",
        model="Qwen/Qwen3-8B",
        gpu="NVIDIA-GeForce-RTX-4090",
        max_model_len=32768,
        gpu_memory_utilization=0.9,
        weights="bf16",
        max_num_batched_tokens=8192,
        kv_tokens=36720,
        fits=True,
        source=_VLLM + "pull/48322",
        quote="from 2048 to 8192 shrank the KV cache pool by 10% (40,464 -> 36,720 tokens)",
        note=("max_model_len is NOT stated; it must have been below the tokens, and the pool does not depend on it."),
        length_stated=False,
    ),
    PublishedCase(
        identity="h100-nvl-log-qwen3-vl-30b",
        model="Qwen/Qwen3-VL-30B-A3B-Instruct",
        gpu="NVIDIA-H100-NVL",
        max_model_len=8192,
        gpu_memory_utilization=0.9,
        weights="bf16",
        max_num_batched_tokens=8192,
        version="0.13.0",
        kv_tokens=211936,
        available_kv_gib=19.4,
        weights_gib=58.2299,
        fits=True,
        source=_CODE_SEARCH + "%22GPU+KV+cache+size%3A+211%2C936+tokens%22",
        quote="GPU KV cache size: 211,936 tokens",
        note=(
            "The log names a local path, Qwen3VLMoe with E=128,N=768 in 13 files. Path of the log "
            "unknown: the address searches for the quotation. gpu_memory_utilization is not stated: the "
            "default of that version."
        ),
    ),
    PublishedCase(
        identity="wildguard-rtx3090",
        model="allenai/wildguard",
        gpu="NVIDIA-GeForce-RTX-4090",
        max_model_len=32768,
        gpu_memory_utilization=0.9,
        weights="bf16",
        kv_tokens=30448,
        fits=False,
        source="https://github.com/allenai/wildguard/pull/2",
        quote="max seq len (32768) is larger than the maximum number of tokens [...] in KV cache (30448)",
        note=(
            "The card is an RTX 3090. Mistral-7B-v0.3 architecture. Older engine of mid-2024. "
            "gpu_memory_utilization is not stated: the default of that version."
        ),
        excluded=_OLDER_ENGINE,
    ),
    PublishedCase(
        identity="vllm-13061-r1-qwen-14b-2x4090",
        model="deepseek-ai/DeepSeek-R1-Distill-Qwen-14B",
        gpu="NVIDIA-GeForce-RTX-4090",
        tensor_parallel=2,
        max_model_len=131072,
        gpu_memory_utilization=0.98,
        weights="bf16",
        kv_tokens=81536,
        weights_gib=13.9476,
        fits=False,
        source=_VLLM + "issues/13061",
        quote=(
            "max seq len (131072) is larger than the maximum number of tokens that can be stored in KV cache (81536)"
        ),
        note="Older engine. One rank reports 8.69 GiB for the KV cache; the smallest rank decides.",
        excluded=_OLDER_ENGINE,
    ),
    PublishedCase(
        identity="satyan0-llama31-70b-fp8-rtxpro6000-750",
        model="meta-llama/Llama-3.1-70B-Instruct",
        gpu="NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition",
        max_model_len=16384,
        gpu_memory_utilization=0.75,
        weights="fp8",
        version="0.23.0",
        kv_tokens=976,
        available_kv_gib=0.3,
        weights_gib=67.7,
        fits=False,
        source=_STRESS,
        quote="KV cache memory (0.3 GiB). [...] the estimated maximum model length is 976",
        note="bf16 weights converted to fp8 while loading. The tokens are the estimated maximum length.",
    ),
    PublishedCase(
        identity="satyan0-llama31-70b-fp8-rtxpro6000-900",
        model="meta-llama/Llama-3.1-70B-Instruct",
        gpu="NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition",
        max_model_len=16384,
        gpu_memory_utilization=0.9,
        weights="fp8",
        version="0.23.0",
        kv_tokens=47648,
        available_kv_gib=14.54,
        weights_gib=67.7,
        fits=True,
        source=_STRESS,
        quote="fp8, util=0.90 | 67.7 GiB | 14.54 GiB -> 47,648 tok",
        note="bf16 weights converted to fp8 while loading.",
    ),
    PublishedCase(
        identity="vllm-10517-llama31-8b-rtx3090-29k",
        model="meta-llama/Llama-3.1-8B-Instruct",
        gpu="NVIDIA-GeForce-RTX-4090",
        max_model_len=29000,
        gpu_memory_utilization=0.9,
        weights="bf16",
        kv_tokens=23648,
        available_kv_gib=2.89,
        weights_gib=14.9888,
        fits=False,
        source=_VLLM + "issues/10517",
        quote="max seq len (29000) is larger than the maximum number of tokens [...] in KV cache (23648)",
        note=(
            "The card is an RTX 3090 of 23.58 GiB. Older engine: profiles one prompt of max_model_len without chunks."
        ),
        excluded=_OLDER_ENGINE,
    ),
    PublishedCase(
        identity="vllm-12330-llama3-8b-a100-40",
        model="meta-llama/Meta-Llama-3-8B",
        gpu="NVIDIA-A100-SXM4-40GB",
        max_model_len=8192,
        gpu_memory_utilization=0.9,
        weights="bf16",
        kv_tokens=91056,
        available_kv_gib=11.12,
        weights_gib=14.96,
        fits=True,
        source=_VLLM + "issues/12330",
        quote="# GPU blocks: 5691, # CPU blocks: 2048; Maximum concurrency for 8192 tokens per request: 11.12x",
        note=(
            "Older engine. Blocks of 16 tokens. The author raised max_num_seqs to an unstated number: "
            "9.37 GiB of activations."
        ),
        excluded=_OLDER_ENGINE,
    ),
    PublishedCase(
        identity="hpi-llama33-70b-fp8-h100-131k",
        model="nvidia/Llama-3.3-70B-Instruct-FP8",
        gpu="NVIDIA-H100-80GB-HBM3",
        max_model_len=131072,
        gpu_memory_utilization=0.95,
        weights="fp8",
        kv_cache="fp8",
        max_num_seqs=16,
        max_num_batched_tokens=8192,
        weights_gib=67.7,
        fits=False,
        source=_HPI,
        quote="20.0 GiB KV cache is needed, which is larger than the available KV cache memory (5.11 GiB)",
        note="gpu_memory_utilization and max_num_seqs from the manifests of the same repository.",
    ),
    PublishedCase(
        identity="vllm-27508-gpt-oss-120b-h100",
        model="openai/gpt-oss-120b",
        gpu="NVIDIA-H100-80GB-HBM3",
        max_model_len=131072,
        gpu_memory_utilization=0.95,
        weights="mxfp4",
        max_num_batched_tokens=1024,
        available_kv_gib=1.71,
        fits=False,
        source=_VLLM + "issues/27508",
        quote="Available KV cache memory: 1.71 GiB",
        note=(
            "The author says the same KV cache error as before; which H100 is not stated. max_model_len "
            "is the model's own."
        ),
        excluded=_GPU_INFERRED,
    ),
    PublishedCase(
        identity="myoceane-gpt-oss-20b-a100",
        model="openai/gpt-oss-20b",
        gpu="NVIDIA-A100-SXM4-80GB",
        max_model_len=131072,
        gpu_memory_utilization=0.65,
        weights="mxfp4",
        version="0.19.0",
        available_kv_gib=36.56,
        weights_gib=13.72,
        fits=True,
        source="https://myoceane.fr/index.php/ai-vllm-a100-gemma-4/",
        quote="Available KV cache memory: 36.56 GiB",
        note="An A100; that it has 80 GB follows from the memory. The number of tokens was not read.",
        excluded=_GPU_INFERRED,
    ),
)
"""What constants of the formula may be tuned to."""
