"""What every environment must provide, whatever it runs on. Resources carry the capability that they provide."""

from __future__ import annotations

from typing import Literal, get_args

from components.base.labels import CAPABILITIES as ANNOTATION

Capability = Literal[
    "gpu-serving",
    "gpu-quota",
    "model-scheduling-priority",
    "gateway-routing",
    "gateway-authentication",
    "gateway-budgets",
    "gateway-rate-limits",
    "gateway-autoscaling",
    "single-sign-on",
    "multi-factor-authentication",
    "object-store",
    "relational-database",
    "point-in-time-recovery",
    "backup-schedule",
    "vector-store",
    "cache",
    "metrics",
    "dashboards",
    "alerts",
    "tls-certificates",
    "network-isolation",
    "pod-security",
]

CAPABILITIES: tuple[Capability, ...] = get_args(Capability)


def provides(*capabilities: Capability) -> dict[str, str]:
    """Annotation (Kubernetes) or tag (AWS) that says which capabilities an object provides."""
    return {ANNOTATION: " ".join(sorted(capabilities))}
