"""What goes wrong in a platform, as series of metrics, and which alerts must then fire."""

from __future__ import annotations

from collections.abc import Mapping

GPU = 'gpu="0",node="gpu-1",modelName="NVIDIA L40S"'
REQUESTS = "litellm_proxy_total_requests_metric_total"
HEALTHY = {
    **{f'up{{job="{job}",namespace="x",pod="p"}}': "1x2880" for job in ("gateway", "gpu", "identity", "postgres")},
    'up{job="autoscaler",namespace="x",pod="p"}': "1x2880",
    'up{job="rollouts",namespace="x",pod="p"}': "1x2880",
    **{f'up{{job="{job}",namespace="x",pod="p"}}': "1x2880" for job in ("vector-store", "object-store")},
    'vllm:num_requests_running{model_name="qwen3-8b",pod="m"}': "3x2880",
    f'{REQUESTS}{{requested_model="qwen3-8b",status_code="200"}}': "0+600x2880",
    "barman_cloud_cloudnative_pg_io_last_available_backup_timestamp": "0+60x2880",
    f"DCGM_FI_DEV_XID_ERRORS{{{GPU}}}": "0x2880",
}
"""Series of a platform in which nothing is wrong, one value per minute for two days."""


def histogram(name: str, labels: str, buckets: Mapping[str, str]) -> dict[str, str]:
    return {f'{name}{{{labels},le="{le}"}}': f"0+{step}x2880" for le, step in buckets.items()}


def errors(status: str, step: str) -> dict[str, str]:
    return {f'{REQUESTS}{{requested_model="qwen3-8b",status_code="{status}"}}': step}


def replicas(model: str, *, now: int, most: int) -> dict[str, str]:
    labels = f'namespace="models",horizontalpodautoscaler="{model}",job="kube-state-metrics"'
    return {
        f"kube_horizontalpodautoscaler_status_current_replicas{{{labels}}}": f"{now}x2880",
        f"kube_horizontalpodautoscaler_spec_max_replicas{{{labels}}}": f"{most}x2880",
    }


def pod(name: str, *, ready: str, running: str) -> dict[str, str]:
    return {
        f'kube_pod_status_ready{{namespace="models",pod="{name}",condition="true"}}': ready,
        f'kube_pod_status_phase{{namespace="models",pod="{name}",phase="Running"}}': running,
    }


def rollout(phase: str, values: str = "1x2880") -> dict[str, str]:
    labels = f'namespace="models",name="qwen3-8b",strategy="canary",traffic_router="plugin",phase="{phase}"'
    return {f"rollout_info{{{labels}}}": values}


def scaling_errors(values: str) -> dict[str, str]:
    return {'keda_scaled_object_errors_total{namespace="models",scaledObject="qwen3-8b"}': values}


SCENARIOS: dict[str, tuple[dict[str, str], str, set[tuple[str, str]]]] = {
    "a healthy platform is silent": ({}, "7h", set()),
    "an idle gateway is silent": (errors("200", "600x2880"), "7h", set()),
    "five percent server errors": (
        errors("500", "0+32x2880"),
        "3h",
        {
            ("GatewayErrorBudgetBurn", "critical"),
            ("GatewayErrorBudgetBurn", "warning"),
            ("GatewayErrorRateHigh", "warning"),
        },
    ),
    "clients over their limits are no errors": (errors("429", "0+600x2880"), "3h", set()),
    "one failure among ten requests wakes nobody": (
        errors("200", "0x100 0+1x9 9x2880") | errors("503", "0x109 1x2880"),
        "2h",
        set(),
    ),
    "no gateway pod": ({'up{job="gateway",namespace="x",pod="p"}': "0x2880"}, "10m", {("GatewayDown", "critical")}),
    "a slow first token": (
        histogram(
            "litellm_llm_api_time_to_first_token_metric_bucket",
            'requested_model="qwen3-8b"',
            {"1": "0", "2": "10", "5": "60", "+Inf": "60"},
        ),
        "1h",
        {("GatewayLatencyHigh", "warning")},
    ),
    "a quick first token": (
        histogram(
            "litellm_llm_api_time_to_first_token_metric_bucket",
            'requested_model="qwen3-8b"',
            {"1": "60", "2": "60", "5": "60", "+Inf": "60"},
        ),
        "1h",
        set(),
    ),
    "the gateway gives a model up": (
        {
            'litellm_deployment_failure_responses_total{litellm_model_name="qwen3-8b"}': "0+2x2880",
            'litellm_deployment_success_responses_total{litellm_model_name="qwen3-8b"}': "100x2880",
        },
        "30m",
        {("GatewayModelOutage", "critical")},
    ),
    "a model that fails now and then is not given up": (
        {
            'litellm_deployment_failure_responses_total{litellm_model_name="qwen3-8b"}': "0+2x2880",
            'litellm_deployment_success_responses_total{litellm_model_name="qwen3-8b"}': "0+1x2880",
        },
        "30m",
        set(),
    ),
    "a team near its budget, another without a budget": (
        {
            'litellm_remaining_team_budget_metric{team_alias="physics"}': "40x2880",
            'litellm_team_max_budget_metric{team_alias="physics"}': "1000x2880",
            'litellm_remaining_team_budget_metric{team_alias="maths"}': " ".join(["Inf"] * 90),
        },
        "1h",
        {("TeamBudgetNearlyUsed", "warning")},
    ),
    "a model without a replica": (
        {'vllm:num_requests_running{model_name="qwen3-8b",pod="m"}': "_x2880"},
        "30m",
        {("ModelDown", "critical")},
    ),
    "a queue": (
        {'vllm:num_requests_waiting{model_name="qwen3-8b",pod="m"}': "9x2880"},
        "10m",
        {("ModelQueueLong", "warning")},
    ),
    "a queue that two replicas share": (
        {
            'vllm:num_requests_waiting{model_name="qwen3-8b",pod="m"}': "9x2880",
            'vllm:num_requests_waiting{model_name="qwen3-8b",pod="n"}': "0x2880",
        },
        "10m",
        set(),
    ),
    "two queues of a replica with data parallelism are one replica's": (
        {
            'vllm:num_requests_waiting{model_name="qwen3-8b",pod="m",engine="0"}': "4x2880",
            'vllm:num_requests_waiting{model_name="qwen3-8b",pod="m",engine="1"}': "4x2880",
        },
        "10m",
        {("ModelQueueLong", "warning")},
    ),
    "a queue while a replica may still be added": (
        replicas("qwen3-8b", now=2, most=4) | {'vllm:num_requests_waiting{model_name="qwen3-8b",pod="m"}': "9x2880"},
        "10m",
        {("ModelQueueLong", "warning")},
    ),
    "a queue although all replicas run": (
        replicas("qwen3-8b", now=4, most=4) | {'vllm:num_requests_waiting{model_name="qwen3-8b",pod="m"}': "9x2880"},
        "10m",
        {("ModelAtMaximum", "warning")},
    ),
    "all replicas run and nobody waits": (replicas("qwen3-8b", now=4, most=4), "1h", set()),
    "another model has all its replicas": (
        replicas("other", now=4, most=4) | {'vllm:num_requests_waiting{model_name="qwen3-8b",pod="m"}': "9x2880"},
        "10m",
        {("ModelQueueLong", "warning")},
    ),
    "a pod that loads its weights": (pod("m", ready="0x30 1x2880", running="1x2880"), "2h", set()),
    "a pod that never gets ready": (
        pod("m", ready="0x2880", running="1x2880"),
        "1h",
        {("ModelCannotStart", "warning")},
    ),
    "a job's pod that has finished": (pod("m", ready="0x2880", running="0x2880"), "2h", set()),
    "no Argo Rollouts": (
        {'up{job="rollouts",namespace="x",pod="p"}': "0x2880"},
        "15m",
        {("RolloutsDown", "warning")},
    ),
    "a canary that did worse than the running version": (
        rollout("Abort"),
        "10m",
        {("ModelRolloutFailed", "warning")},
    ),
    "a canary at one of its steps": (rollout("Progressing") | rollout("Paused", "1x20 _x2860"), "1h", set()),
    "a new version that somebody must promote": (rollout("Paused"), "3h", {("ModelRolloutWaits", "info")}),
    "no KEDA": (
        {'up{job="autoscaler",namespace="x",pod="p"}': "0x2880"},
        "15m",
        {("AutoscalerDown", "warning")},
    ),
    "KEDA cannot read a model's load": (scaling_errors("0+4x2880"), "1h", {("ModelScalingFails", "warning")}),
    "KEDA could not read a model's load for a moment": (scaling_errors("0x10 8x2880"), "1h", set()),
    "KEDA cannot read the load of a model whose servers start": (
        scaling_errors("0+4x2880") | {'vllm:num_requests_running{model_name="qwen3-8b",pod="m"}': "_x2880"},
        "1h",
        {("ModelDown", "critical")},
    ),
    "KEDA cannot read whether anybody asks for a stopped model": (
        replicas("sleeper", now=0, most=2)
        | {'keda_scaled_object_errors_total{namespace="models",scaledObject="sleeper"}': "0+4x2880"},
        "1h",
        {("ModelScalingFails", "warning")},
    ),
    "a model late, but within what calls a person": (
        histogram(
            "vllm:time_to_first_token_seconds_bucket",
            'model_name="qwen3-8b"',
            {"1": "0", "2": "10", "4": "60", "+Inf": "60"},
        ),
        "1h",
        {("ModelFirstTokenLate", "warning")},
    ),
    "a model far too late": (
        histogram(
            "vllm:time_to_first_token_seconds_bucket",
            'model_name="qwen3-8b"',
            {"2": "0", "5": "10", "10": "60", "+Inf": "60"},
        ),
        "1h",
        {("ModelFirstTokenLate", "warning"), ("ModelLatencyHigh", "critical")},
    ),
    "a full KV cache": (
        {'vllm:kv_cache_usage_perc{model_name="qwen3-8b",pod="m"}': "0.95x2880"},
        "1h",
        {("ModelKvCacheNearlyFull", "warning")},
    ),
    "memory as vLLM reserves it": (
        {f"DCGM_FI_DEV_FB_USED{{{GPU}}}": "92x2880", f"DCGM_FI_DEV_FB_FREE{{{GPU}}}": "8x2880"},
        "1h",
        set(),
    ),
    "memory nearly full": (
        {f"DCGM_FI_DEV_FB_USED{{{GPU}}}": "98x2880", f"DCGM_FI_DEV_FB_FREE{{{GPU}}}": "2x2880"},
        "1h",
        {("GpuMemoryNearlyFull", "warning")},
    ),
    "a GPU fell off the bus": (
        {f"DCGM_FI_DEV_XID_ERRORS{{{GPU}}}": "0x60 79x2880"},
        "65m",
        {("GpuHardwareError", "critical")},
    ),
    "a program's own fault": (
        {f"DCGM_FI_DEV_XID_ERRORS{{{GPU}}}": "0x60 31x2880"},
        "65m",
        {("GpuApplicationError", "warning")},
    ),
    "an old fault of a program": ({f"DCGM_FI_DEV_XID_ERRORS{{{GPU}}}": "0x60 31x2880"}, "3h", set()),
    "a hot GPU": ({f"DCGM_FI_DEV_GPU_TEMP{{{GPU}}}": "88x2880"}, "1h", {("GpuTemperatureHigh", "warning")}),
    "busy GPUs, one of them partitioned": (
        {
            f"DCGM_FI_DEV_GPU_UTIL{{{GPU}}}": "95x2880",
            'DCGM_FI_PROF_GR_ENGINE_ACTIVE{gpu="1",node="gpu-1",modelName="NVIDIA L40S",GPU_I_ID="1"}': "0.9x2880",
        },
        "3h",
        {("GpuSaturated", "warning")},
    ),
    "no Keycloak": ({'up{job="identity",namespace="x",pod="p"}': "0x2880"}, "10m", {("IdentityDown", "critical")}),
    "no PostgreSQL": ({'up{job="postgres",namespace="x",pod="p"}': "0x2880"}, "10m", {("PostgresDown", "critical")}),
    "archiving fails": (
        {
            'cnpg_pg_stat_archiver_last_failed_time{pod="postgres-1"}': "7200x2880",
            'cnpg_pg_stat_archiver_last_archived_time{pod="postgres-1"}': "3600x2880",
        },
        "3h",
        {("PostgresArchivingFailed", "critical")},
    ),
    "a replica lags": (
        {'cnpg_pg_replication_lag{pod="postgres-2"}': "120x2880"},
        "1h",
        {("PostgresReplicationLag", "warning")},
    ),
    "a backup of the day before yesterday": (
        {"barman_cloud_cloudnative_pg_io_last_available_backup_timestamp": "-130000x2880"},
        "2h",
        {("PostgresBackupOld", "warning")},
    ),
    "a volume nearly full": (
        {
            'kubelet_volume_stats_available_bytes{namespace="data",persistentvolumeclaim="p"}': "5x2880",
            'kubelet_volume_stats_capacity_bytes{namespace="data",persistentvolumeclaim="p"}': "100x2880",
        },
        "1h",
        {("VolumeNearlyFull", "warning")},
    ),
    "a certificate that is renewed in time": (
        {
            'certmanager_certificate_renewal_timestamp_seconds{name="edge"}': "40000x2880",
            'certmanager_certificate_expiration_timestamp_seconds{name="edge"}': "50000x2880",
        },
        "7h",
        set(),
    ),
    "a certificate that is not renewed": (
        {
            'certmanager_certificate_renewal_timestamp_seconds{name="edge"}': "60x2880",
            'certmanager_certificate_expiration_timestamp_seconds{name="edge"}': "90000x2880",
        },
        "7h",
        {("CertificateRenewalOverdue", "warning"), ("CertificateExpiring", "critical")},
    ),
    "a certificate that was never issued": (
        {
            'certmanager_certificate_renewal_timestamp_seconds{name="edge"}': "0x2880",
            'certmanager_certificate_expiration_timestamp_seconds{name="edge"}': "0x2880",
            'certmanager_certificate_ready_status{name="edge",condition="True"}': "0x2880",
        },
        "7h",
        {("CertificateNotReady", "critical")},
    ),
}
