"""The namespaces of the platform and the Pod Security level of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PodSecurityLevel = Literal["restricted", "baseline", "privileged"]


@dataclass(frozen=True, kw_only=True)
class PlatformNamespace:
    """One namespace. `reason` says why a level below restricted is needed, empty for restricted."""

    name: str
    level: PodSecurityLevel = "restricted"
    reason: str = ""


GPU_OPERATOR = "gpu-operator"
NODE_AGENTS = "node-agents"
SECURITY = "security"
DATA = "data"
IDENTITY = "identity"
GATEWAY = "gateway"
MODELS = "models"
OBSERVABILITY = "observability"
KARPENTER = "karpenter"
"""Only where Karpenter adds nodes."""
SERVING_OPERATORS = "serving-operators"
"""Only where a model is autoscaled, lies on several nodes or is rolled out by weight."""
LOAD_BALANCER = "load-balancer"
STORAGE = "storage"
UPGRADES = "upgrades"
"""Only where the platform itself brings addresses, volumes and new releases to the nodes."""

NAMESPACES: tuple[PlatformNamespace, ...] = (
    PlatformNamespace(
        name=GPU_OPERATOR,
        level="privileged",
        reason="the GPU operator's driver, toolkit and device plugin pods mount host paths and run privileged",
    ),
    PlatformNamespace(
        name=NODE_AGENTS,
        level="privileged",
        reason="node exporter and the log agent read host paths and host namespaces",
    ),
    PlatformNamespace(name=SECURITY),
    PlatformNamespace(name=DATA),
    PlatformNamespace(name=IDENTITY),
    PlatformNamespace(name=GATEWAY),
    PlatformNamespace(name=MODELS),
    PlatformNamespace(name=OBSERVABILITY),
)
