"""A cluster that exists already; the simulated one is one of these."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stacks.schema.base import NOT_EMPTY, SettingsModel
from stacks.schema.cluster_parts import (
    PRIVATE_CIDRS,
    Cidr,
    ClusterBaseSettings,
    GpuOperatorSettings,
    IssuerSettings,
    StorageSettings,
)


class LoadBalancerSettings(SettingsModel):
    """How a Service of type LoadBalancer gets its address in this cluster."""

    address_kind: Literal["ip", "hostname"] = "ip"
    """What the Service's status shows."""
    annotations: dict[str, str] = Field(default_factory=dict)
    """Annotations that the load balancer's controller reads."""
    load_balancer_class: str | None = None
    """`spec.loadBalancerClass`; null for the cluster's default."""


class ExistingClusterSettings(ClusterBaseSettings):
    """A cluster that you bring. Its nodes carry the label `ai-platform/pool`, GPU nodes the taint `nvidia.com/gpu`."""

    kind: Literal["existing"]
    kubeconfig: str = Field(min_length=1)
    """Path of the kubeconfig file, absolute, below `~`, or relative to the project. The ambient KUBECONFIG is never
    used: a platform must not land in whatever cluster a shell points at."""
    context: str | None = None
    """Context of that file; null for its current context."""
    storage: StorageSettings
    """Storage classes by meaning."""
    load_balancer: LoadBalancerSettings = LoadBalancerSettings()
    """Address of the gateway."""
    runtime_class: str | None = None
    """RuntimeClass that GPU pods name; null where the node's default runtime serves GPUs."""
    issuer: IssuerSettings = IssuerSettings()
    """Who signs certificates."""
    gpu_operator: GpuOperatorSettings = GpuOperatorSettings()
    """The NVIDIA GPU operator."""
    api_server_cidrs: Annotated[tuple[Cidr, ...], NOT_EMPTY] = PRIVATE_CIDRS
    """Addresses of the API server as pods see them, for the egress of operators and the ingress of webhooks."""

    @model_validator(mode="after")
    def _complete(self) -> ExistingClusterSettings:
        self.issuer.require_solver()
        if self.runtime_class and self.gpu_operator.container_runtime == "nri":
            message = (
                f"runtimeClass: {self.runtime_class!r} does not exist with gpuOperator.containerRuntime: nri: "
                "set runtimeClass to null"
            )
            raise ValueError(message)
        return self
