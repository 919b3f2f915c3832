"""Values of the kube-prometheus-stack chart."""

from __future__ import annotations

from typing import Any

from components.base.handles import ImageRegistry, MetricsSink
from components.base.namespaces import NODE_AGENTS
from components.base.operator_objects import MONITORING_NAME
from components.observability_stack.arguments import ObservabilityStackArgs, Retention
from components.observability_stack.grafana_values import grafana_values
from components.observability_stack.names import (
    ALERTMANAGER_SECRET,
    PRIORITY,
    PROMETHEUS_SERVICE_ACCOUNT,
)

SCRAPE_INTERVAL = "30s"

USABLE_SHARE = 0.8
"""Share of the volume that blocks may fill before the oldest go; the write-ahead log and compaction need the rest.
Source: Prometheus documentation, "Storage", right-sizing retention size (80 to 85 %)."""

SIGNED_QUEUE = {"capacity": 2500, "maxSamplesPerSend": 1000, "maxShards": 200, "retryOnRateLimit": True}
"""Sizes that fit the limits of one request (Amazon Managed Service for Prometheus User Guide, "Set up ingestion").
Without retries, samples that meet the limit per second are dropped."""

STATE_COLLECTORS = [
    "cronjobs",
    "daemonsets",
    "deployments",
    "horizontalpodautoscalers",
    "jobs",
    "namespaces",
    "networkpolicies",
    "nodes",
    "persistentvolumeclaims",
    "persistentvolumes",
    "poddisruptionbudgets",
    "pods",
    "replicasets",
    "resourcequotas",
    "services",
    "statefulsets",
    "storageclasses",
    "validatingwebhookconfigurations",
    "mutatingwebhookconfigurations",
]
"""What kube-state-metrics lists. Its default set includes Secrets, which it would have to be allowed to read."""


def stack_values(args: ObservabilityStackArgs) -> dict[str, Any]:
    """Values of the whole chart. They name Secrets and hold none."""
    registry = args.cluster.registry
    return {
        "fullnameOverride": MONITORING_NAME,
        "defaultRules": _default_rules_values(),
        # k3s runs these in one process and EKS hides them: their targets would always be down.
        "kubeControllerManager": {"enabled": False},
        "kubeScheduler": {"enabled": False},
        "kubeProxy": {"enabled": False},
        "kubeEtcd": {"enabled": False},
        "prometheusOperator": _operator_values(registry),
        "prometheus": _prometheus_values(args),
        "alertmanager": _alertmanager_values(args),
        "grafana": grafana_values(args),
        "kube-state-metrics": {
            "fullnameOverride": "kube-state-metrics",
            "image": {"registry": registry.rewrite("registry.k8s.io")},
            "collectors": STATE_COLLECTORS,
            "priorityClassName": PRIORITY,
            "resources": _resources("50m", "256Mi"),
        },
        "nodeExporter": {"operatingSystems": {"aix": {"enabled": False}, "darwin": {"enabled": False}}},
        # It mounts the host's root and runs in the host's namespaces: only that namespace admits such pods.
        "prometheus-node-exporter": {
            "fullnameOverride": "node-exporter",
            "namespaceOverride": NODE_AGENTS,
            "image": {"registry": registry.rewrite("quay.io")},
            "priorityClassName": "system-node-critical",
            "resources": _resources("50m", "64Mi"),
        },
    }


def _default_rules_values() -> dict[str, Any]:
    unwatched = ("etcd", "kubeControllerManager", "kubeProxy", "kubeSchedulerAlerting", "kubeSchedulerRecording")
    return {
        "rules": dict.fromkeys((*unwatched, "windows"), False),
        # The platform has its own alert for filling volumes, with its own runbook.
        "disabled": {"KubePersistentVolumeFillingUp": True},
    }


def _operator_values(registry: ImageRegistry) -> dict[str, Any]:
    return {
        "image": {"registry": registry.rewrite("quay.io")},
        "prometheusConfigReloader": {
            "image": {"registry": registry.rewrite("quay.io")},
            "resources": _resources("10m", "64Mi"),
        },
        "thanosImage": {"registry": registry.rewrite("quay.io")},
        "priorityClassName": PRIORITY,
        "resources": _resources("100m", "256Mi"),
        "admissionWebhooks": {
            # The chart's default signs the webhook with Helm hook Jobs, which are not run when a chart is rendered.
            "patch": {"enabled": False},
            "certManager": {"enabled": True},
            # Until cert-manager has injected the certificate, failing closed refuses the chart's own rules.
            "failurePolicy": "Ignore",
        },
        # Kubernetes warns at every use of Endpoints since 1.33.
        "kubeletEndpointsEnabled": False,
        "kubeletEndpointSliceEnabled": True,
    }


def _prometheus_values(args: ObservabilityStackArgs) -> dict[str, Any]:
    selectors = ("rule", "serviceMonitor", "podMonitor", "probe", "scrapeConfig")
    spec: dict[str, Any] = {
        "image": {"registry": args.cluster.registry.rewrite("quay.io")},
        # By default only monitors that carry the release's label are read; ours and those of other charts do not.
        **{f"{selector}SelectorNilUsesHelmValues": False for selector in selectors},
        "serviceDiscoveryRole": "EndpointSlice",
        "replicas": args.replicas,
        "scrapeInterval": SCRAPE_INTERVAL,
        "evaluationInterval": SCRAPE_INTERVAL,
        "externalLabels": {"environment": args.platform.environment},
        "retention": f"{args.retention.days}d",
        "retentionSize": retention_size(args.retention),
        "storageSpec": _claim(args.cluster.storage.retained, f"{args.retention.gib}Gi"),
        "priorityClassName": PRIORITY,
        "resources": _resources("500m", "4Gi", cpu_limit="2"),
    }
    if args.cluster.metrics_sink:
        spec |= _remote_write_values(args.cluster.metrics_sink, spec["externalLabels"])
    return {
        "serviceAccount": {"name": PROMETHEUS_SERVICE_ACCOUNT},
        # Two replicas scrape at slightly different times: a client that switches between them sees values jump.
        "service": {"sessionAffinity": "ClientIP"},
        "podDisruptionBudget": {"enabled": args.replicas > 1, "minAvailable": 1},
        "prometheusSpec": spec,
    }


def _alertmanager_values(args: ObservabilityStackArgs) -> dict[str, Any]:
    return {
        "podDisruptionBudget": {"enabled": args.replicas > 1, "minAvailable": 1},
        "alertmanagerSpec": {
            "image": {"registry": args.cluster.registry.rewrite("quay.io")},
            "replicas": args.replicas,
            "useExistingSecret": True,
            "configSecret": ALERTMANAGER_SECRET,
            "automountServiceAccountToken": False,
            "storage": _claim(args.cluster.storage.retained, "2Gi"),
            "priorityClassName": PRIORITY,
            "resources": _resources("50m", "128Mi"),
        },
    }


def retention_size(retention: Retention) -> str:
    """Size of all blocks at which Prometheus removes the oldest, in its own unit (`MiB`, powers of 1024)."""
    return f"{int(retention.gib * 1024 * USABLE_SHARE)}MiB"


def _remote_write_values(sink: MetricsSink, external_labels: dict[str, str]) -> dict[str, Any]:
    entry: dict[str, Any] = {"url": sink.remote_write_url}
    if sink.sigv4_region:
        entry |= {"sigv4": {"region": sink.sigv4_region}, "queueConfig": SIGNED_QUEUE}
    values: dict[str, Any] = {"remoteWrite": [entry]}
    if sink.cluster:
        # Both labels together let the target keep, and charge for, the samples of one replica only.
        values |= {
            "externalLabels": {**external_labels, "cluster": sink.cluster},
            "replicaExternalLabelName": "__replica__",
        }
    return values


def _claim(storage_class: str, size: str) -> dict[str, Any]:
    return {
        "volumeClaimTemplate": {
            "spec": {
                "storageClassName": storage_class,
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": size}},
            }
        }
    }


def _resources(cpu: str, memory: str, *, cpu_limit: str | None = None) -> dict[str, Any]:
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": cpu_limit or "500m", "memory": memory}}
