"""The metrics that exporters of the platform really export, and which of them an expression uses."""

from __future__ import annotations

import re

METRICS = {
    # Prometheus itself
    "up",
    # LiteLLM, litellm/types/integrations/prometheus.py
    "litellm_proxy_total_requests_metric_total",
    "litellm_llm_api_time_to_first_token_metric_bucket",
    "litellm_request_total_latency_metric_bucket",
    "litellm_deployment_failure_responses_total",
    "litellm_deployment_success_responses_total",
    "litellm_deployment_failed_fallbacks_total",
    "litellm_remaining_team_budget_metric",
    "litellm_team_max_budget_metric",
    "litellm_spend_metric_total",
    # vLLM 0.33, vllm/v1/metrics/loggers.py
    "vllm:num_requests_running",
    "vllm:num_requests_waiting",
    "vllm:kv_cache_usage_perc",
    "vllm:num_preemptions_total",
    "vllm:time_to_first_token_seconds_bucket",
    "vllm:prompt_tokens_total",
    "vllm:generation_tokens_total",
    # KEDA 2.20, pkg/metricscollector/prommetrics.go
    "keda_scaled_object_errors_total",
    # Argo Rollouts 1.9, controller/metrics/prommetrics.go
    "rollout_info",
    # kube-state-metrics, docs/metrics/workload
    "kube_horizontalpodautoscaler_spec_max_replicas",
    "kube_horizontalpodautoscaler_status_current_replicas",
    "kube_pod_status_phase",
    "kube_pod_status_ready",
    # NVIDIA DCGM exporter, etc/dcp-metrics-included.csv
    "DCGM_FI_DEV_GPU_UTIL",
    "DCGM_FI_PROF_GR_ENGINE_ACTIVE",
    "DCGM_FI_DEV_FB_USED",
    "DCGM_FI_DEV_FB_FREE",
    "DCGM_FI_DEV_XID_ERRORS",
    "DCGM_FI_DEV_ROW_REMAP_FAILURE",
    "DCGM_FI_DEV_GPU_TEMP",
    "DCGM_FI_DEV_POWER_USAGE",
    # CloudNativePG, config/manager/default-monitoring.yaml, and the barman-cloud plug-in
    "cnpg_collector_up",
    "cnpg_pg_replication_in_recovery",
    "cnpg_pg_replication_is_wal_receiver_up",
    "cnpg_pg_replication_lag",
    "cnpg_pg_stat_archiver_last_failed_time",
    "cnpg_pg_stat_archiver_last_archived_time",
    "barman_cloud_cloudnative_pg_io_last_available_backup_timestamp",
    # kubelet
    "kubelet_volume_stats_available_bytes",
    "kubelet_volume_stats_capacity_bytes",
    # cert-manager, pkg/metrics
    "certmanager_certificate_renewal_timestamp_seconds",
    "certmanager_certificate_expiration_timestamp_seconds",
    "certmanager_certificate_ready_status",
}
"""Every metric that an exporter of the platform really exports and that rules or dashboards may use."""

_WORDS = {
    *("sum", "min", "max", "avg", "rate", "increase", "changes", "absent", "vector", "time", "histogram_quantile"),
    *("by", "and", "or", "unless", "le", "label_values", "on", "label_replace"),
}


def metrics_used(expression: str) -> set[str]:
    """Metric names in a PromQL expression: identifiers that are no word of the language, no label and no number."""
    text = re.sub(r'"[^"]*"', "", expression)
    text = re.sub(r"\b(by|on) \([^)]*\)", "", text)
    text = re.sub(r"\{[^}]*\}", "", text)
    text = re.sub(r"\[[^\]]*\]|\boffset \w+", "", text)
    return {word for word in re.findall(r"[A-Za-z_][A-Za-z0-9_:]*", text) if word not in _WORDS}
