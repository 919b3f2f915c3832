"""What the autoscaler asks Prometheus: the queue, the KV cache, and the demand at the gateway. All are PromQL.

Metric names: vLLM 0.33, `vllm/v1/metrics/loggers.py`; LiteLLM 1.106, `litellm/types/integrations/prometheus.py`.
`model_name` is vLLM's first `--served-model-name`, also for requests to adapters; `namespace` and `pod` are put on by
the PodMonitor.
"""

from __future__ import annotations

from collections.abc import Sequence

from components.vllm_model.names import NAMESPACE

DEMAND_WINDOW = "5m"
"""How long a request at the gateway counts as demand. The idle time begins when it has passed."""

_PROXY_REQUESTS = "litellm_proxy_total_requests_metric_total"
_FAILED_FALLBACKS = "litellm_deployment_failed_fallbacks_total"


def queue_query(model: str) -> str:
    """Requests that wait at all replicas together."""
    return f"sum(vllm:num_requests_waiting{_of(model)})"


def cache_query(model: str) -> str:
    """Per cent of the KV cache in use, summed over the replicas. With data parallelism a replica has several caches."""
    return f"100 * sum(avg by (pod) (vllm:kv_cache_usage_perc{_of(model)}))"


def demand_query(names: Sequence[str]) -> str:
    """Requests of the last minutes for any of `names`: of clients, and as the fallback of a model that failed.

    A stopped model exports no metrics, but the gateway counts the request that it could not pass on. Requests without
    a valid key are left out: they must not start GPUs. The second counter sees a fallback onto a stopped model, which
    the first one counts for the model that failed before it.
    """
    pattern = "|".join(sorted(set(names)))
    return " + ".join(
        (
            _recent(f'{_PROXY_REQUESTS}{{requested_model=~"{pattern}",status_code!~"401|403"}}'),
            _recent(f'{_FAILED_FALLBACKS}{{fallback_model=~"{pattern}"}}'),
        )
    )


def _recent(counter: str) -> str:
    # A counter begins to exist with its first request, already at 1: `increase` alone would miss exactly the request
    # that must start the model. What did not exist before the window counts as it is.
    return (
        f"(sum(increase({counter}[{DEMAND_WINDOW}])) or vector(0))"
        f" + (sum({counter} unless {counter} offset {DEMAND_WINDOW}) or vector(0))"
    )


def _of(model: str) -> str:
    return f'{{namespace="{NAMESPACE}",model_name="{model}"}}'
