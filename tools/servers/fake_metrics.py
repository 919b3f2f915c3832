"""The fake model server's metrics, under the names of vLLM 0.33 (`vllm/v1/metrics/loggers.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_BUCKETS = (0.01, 0.1, 1, 10)
_HISTOGRAMS = ("time_to_first_token_seconds", "inter_token_latency_seconds", "e2e_request_latency_seconds")


@dataclass
class Figures:
    """What has been served. `waiting`, `running` and `cache_usage` are what a scaler would see now."""

    requests: int = 0
    prompt_tokens: int = 0
    generation_tokens: int = 0
    running: int = 0
    waiting: int = 0
    cache_usage: float = 0.0

    def count(self, usage: Mapping[str, int]) -> None:
        """Count one served request."""
        self.requests += 1
        self.prompt_tokens += usage.get("prompt_tokens", 0)
        self.generation_tokens += usage.get("completion_tokens", 0)


def text(model: str, figures: Figures) -> str:
    """The page of /metrics."""
    labels = f'engine="0",model_name="{model}"'
    lines: list[str] = []
    for name, gauge in (
        ("num_requests_running", figures.running),
        ("num_requests_waiting", figures.waiting),
        ("kv_cache_usage_perc", figures.cache_usage),
    ):
        lines += [f"# TYPE vllm:{name} gauge", f"vllm:{name}{{{labels}}} {gauge}"]
    for name, counted in (
        ("num_preemptions", 0),
        ("prompt_tokens", figures.prompt_tokens),
        ("generation_tokens", figures.generation_tokens),
        ("prefix_cache_queries", figures.prompt_tokens),
        ("prefix_cache_hits", 0),
    ):
        lines += [f"# TYPE vllm:{name} counter", f"vllm:{name}_total{{{labels}}} {counted}"]
    lines += [
        "# TYPE vllm:request_success counter",
        f'vllm:request_success_total{{{labels},finished_reason="stop"}} {figures.requests}',
    ]
    for name in _HISTOGRAMS:
        lines += [f"# TYPE vllm:{name} histogram"]
        lines += [f'vllm:{name}_bucket{{{labels},le="{edge}"}} {figures.requests}' for edge in (*_BUCKETS, "+Inf")]
        lines += [f"vllm:{name}_sum{{{labels}}} 0", f"vllm:{name}_count{{{labels}}} {figures.requests}"]
    return "\n".join(lines) + "\n"
