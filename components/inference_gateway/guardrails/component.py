"""Presidio in the gateway's namespace."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import pins
from components.base.handles import ImageRegistry, PlatformContext
from components.inference_gateway.filters import Presidio
from components.inference_gateway.guardrails import presidio
from components.inference_gateway.guardrails.presidio import PresidioServer
from components.inference_gateway.names import (
    LITELLM,
    PRESIDIO_ANALYZER_NAME,
    PRESIDIO_ANONYMIZER_NAME,
    PRESIDIO_PORT,
)

TYPE = "ai-platform:inference_gateway:PersonalData"


def presidio_servers(settings: Presidio, registry: ImageRegistry, environment: str) -> tuple[PresidioServer, ...]:
    """The analyzer, which holds a language model of about 600 MB for each language, and the anonymizer."""
    return (
        PresidioServer(
            name=PRESIDIO_ANALYZER_NAME,
            image=registry.rewrite(settings.analyzer_image or pins.PRESIDIO_ANALYZER.reference),
            environment=environment,
            replicas=settings.replicas,
            cpu="500m",
            cpu_limit="2",
            memory=f"{settings.analyzer_memory_gib}Gi",
        ),
        PresidioServer(
            name=PRESIDIO_ANONYMIZER_NAME,
            image=registry.rewrite(pins.PRESIDIO_ANONYMIZER.reference),
            environment=environment,
            replicas=settings.replicas,
            cpu="100m",
            cpu_limit="1",
            memory="512Mi",
        ),
    )


@dataclass(frozen=True, kw_only=True)
class PersonalDataArgs:
    """`settings` say what is looked for and how large the servers are."""

    platform: PlatformContext
    registry: ImageRegistry
    settings: Presidio


class PersonalData(pulumi.ComponentResource):
    """Two servers that only LiteLLM reaches. `ready` are the resources that LiteLLM's pods come after."""

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: PersonalDataArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._platform = args.platform
        servers = presidio_servers(args.settings, args.registry, args.platform.environment)
        self.ready = tuple(
            self._server(f"{name}-{server.name.removeprefix('presidio-')}", server) for server in servers
        )
        for server in servers:
            args.platform.wiring.allow(LITELLM, presidio.workload_of(server.name), PRESIDIO_PORT)
        self.register_outputs({"servers": [server.name for server in servers]})

    def _server(self, name: str, server: PresidioServer) -> k8s.apps.v1.Deployment:
        metadata, child = presidio.metadata(server), self._platform.child_options(self)
        account = k8s.core.v1.ServiceAccount(
            f"{name}-account", metadata=metadata, automount_service_account_token=False, opts=child
        )
        deployment = k8s.apps.v1.Deployment(
            f"{name}-deployment",
            metadata=metadata,
            spec=presidio.deployment_spec(server),
            opts=self._platform.child_options(self, account),
        )
        k8s.core.v1.Service(
            f"{name}-service",
            metadata=metadata,
            spec=presidio.service_spec(server),
            opts=self._platform.child_options(self, deployment),
        )
        k8s.policy.v1.PodDisruptionBudget(
            f"{name}-disruption-budget",
            metadata=metadata,
            spec=presidio.disruption_budget_spec(server),
            opts=child,
        )
        return deployment
