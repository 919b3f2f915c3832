"""The names of capabilities, and the annotation by which an object says what it is for."""

from __future__ import annotations

from typing import Literal, get_args

from components.base.labels import CAPABILITIES as ANNOTATION

Capability = Literal[
    "gpu-serving",
    "gpu-quota",
    "gpu-software",
    "model-scheduling-priority",
    "model-weights",
    "model-autoscaling",
    "model-rollouts",
    "gateway-routing",
    "gateway-authentication",
    "gateway-budgets",
    "gateway-rate-limits",
    "gateway-autoscaling",
    "gateway-guardrails",
    "prompt-privacy",
    "single-sign-on",
    "multi-factor-authentication",
    "object-store",
    "relational-database",
    "point-in-time-recovery",
    "backup-schedule",
    "vector-store",
    "cache",
    "cache-authentication",
    "metrics",
    "dashboards",
    "alerts",
    "tls-certificates",
    "network-isolation",
    "pod-security",
    "admission-policy",
    "workload-identity",
    "control-plane",
    "secrets-at-rest",
    "audit-log",
    "node-transport-encryption",
    "node-firewall",
    "node-upgrades",
    "persistent-volumes",
    "load-balancing",
    "metadata-service-protection",
    "node-autoscaling",
    "network-flow-log",
    "spending-alert",
]

CAPABILITIES: tuple[Capability, ...] = get_args(Capability)


def provides(*capabilities: Capability) -> dict[str, str]:
    """Annotation (Kubernetes) or tag (AWS) that says which capabilities an object provides.

    It is a claim, for people who look at the object. What counts is the evidence in `catalogue`.
    """
    return {ANNOTATION: " ".join(sorted(capabilities))}
