"""The composition, top to bottom, in the order of deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pulumi
import pulumi_random as random

from components.base.handles import ClusterHandle, PlatformContext
from components.base.namespaces import NAMESPACES, PlatformNamespace
from components.base.wiring import Wiring
from components.charts import ChartSource
from components.gpu_cluster import GpuStack, GpuStackArgs
from components.gpu_cluster.kubeconfig import KubeconfigError
from components.identity import Identity, IdentityArgs
from components.inference_gateway import LITELLM, CacheServer, InferenceGateway, InferenceGatewayArgs
from components.namespaces import Namespaces, NamespacesArgs
from components.network_isolation import NetworkIsolation, NetworkIsolationArgs
from components.observability_stack import (
    ObservabilityStack,
    ObservabilityStackArgs,
    Retention,
    SecretKey,
    ServiceLevels,
)
from components.rag_data_layer import DataLayerError, RagDataLayer
from components.rag_data_layer.qdrant_workload import READ_ONLY_KEY
from components.security_baseline import SecurityBaseline, SecurityBaselineArgs
from components.vllm_model import ModelError, VllmModel, VllmModelArgs
from stacks.arguments import data as data_arguments
from stacks.arguments.gateway import gateway_models, routing, team_limits
from stacks.arguments.identity import realm
from stacks.schema.models import ModelSettings
from stacks.secrets import Secrets
from stacks.serving import serving, weights
from stacks.settings import PlatformSettings
from stacks.substrate import create_cluster, require_access


@dataclass(frozen=True, kw_only=True)
class Platform:
    """The composed platform. `exports` are the stack's outputs; none of them is a secret."""

    exports: Mapping[str, Any]


def compose(settings: PlatformSettings, secrets: Secrets) -> Platform:
    """Create everything. Raises pulumi.RunError, which the engine prints as it is, for what cannot be created."""
    require_access(settings, secrets)
    try:
        return _compose(settings, secrets)
    except (KubeconfigError, ModelError, DataLayerError) as error:
        raise pulumi.RunError(str(error)) from None


@dataclass(frozen=True, kw_only=True)
class _Ground:
    """What all components stand on."""

    settings: PlatformSettings
    secrets: Secrets
    charts: ChartSource
    cluster: ClusterHandle
    platform: PlatformContext
    opts: pulumi.ResourceOptions


def _compose(settings: PlatformSettings, secrets: Secrets) -> Platform:
    ground = _ground(settings, secrets)
    data = RagDataLayer("data", data_arguments.data_layer(settings.data, ground.cluster, ground.platform), ground.opts)
    identity = _identity(ground, data)
    gateway = _gateway(ground, data, identity)
    for model in settings.models:
        _model(ground, model, data, gateway)
    observability = _observability(ground, data, identity)
    # Last: by now every component has declared its connections.
    NetworkIsolation(
        "network",
        NetworkIsolationArgs(platform=ground.platform, namespaces=_namespaces(ground.cluster), dns=ground.cluster.dns),
        ground.opts,
    )
    return Platform(
        exports={
            "apiUrl": gateway.api_url,
            "consoleUrl": gateway.console_url,
            "grafanaUrl": observability.grafana_url,
            "issuerUrl": identity.issuer_url,
            "models": [model.name for model in settings.models],
            **ground.cluster.recovery,
        }
    )


def _ground(settings: PlatformSettings, secrets: Secrets) -> _Ground:
    """The cluster, its namespaces, certificates and GPU software."""
    charts = ChartSource(location=settings.charts.source)
    generated = random.Provider("random")
    gpu_cluster = create_cluster(settings, secrets, charts, pulumi.ResourceOptions(providers=[generated]))
    cluster = gpu_cluster.handle
    opts = pulumi.ResourceOptions(providers=[*cluster.providers, generated])
    namespaces = Namespaces(
        "platform",
        NamespacesArgs(environment=settings.environment, pools=cluster.pools, namespaces=_namespaces(cluster)),
        opts,
    )
    platform = PlatformContext(
        environment=settings.environment,
        domain=settings.domain,
        wiring=Wiring(),
        ready=(*cluster.ready, *namespaces.ready),
        protect_data=settings.protect_data,
    )
    add_ons = gpu_cluster.install_add_ons(platform, charts, opts)
    platform = replace(platform, ready=(*platform.ready, *add_ons))
    security = SecurityBaseline(
        "security", SecurityBaselineArgs(cluster=cluster, platform=platform, charts=charts), opts
    )
    # Everything else may ask for certificates.
    platform = replace(platform, ready=(*platform.ready, *security.ready))
    entrance = gpu_cluster.open_to_clients(platform, charts, opts)
    platform = replace(platform, ready=(*platform.ready, *entrance))
    GpuStack(
        "gpu",
        GpuStackArgs(cluster=cluster, platform=platform, charts=charts, software=gpu_cluster.gpu_software),
        opts,
    )
    return _Ground(settings=settings, secrets=secrets, charts=charts, cluster=cluster, platform=platform, opts=opts)


def _namespaces(cluster: ClusterHandle) -> tuple[PlatformNamespace, ...]:
    return (*NAMESPACES, *cluster.namespaces)


def _identity(ground: _Ground, data: RagDataLayer) -> Identity:
    settings = ground.settings
    return Identity(
        "identity",
        IdentityArgs(
            cluster=ground.cluster,
            platform=ground.platform,
            database=data.databases[data_arguments.KEYCLOAK_DATABASE],
            realm=realm(settings.identity, settings.teams),
            replicas=settings.identity.replicas,
            ldap_bind_password=ground.secrets.ldap_bind_password,
        ),
        ground.opts,
    )


def _gateway(ground: _Ground, data: RagDataLayer, identity: Identity) -> InferenceGateway:
    settings = ground.settings
    replicas = settings.gateway.replicas
    return InferenceGateway(
        "gateway",
        InferenceGatewayArgs(
            cluster=ground.cluster,
            platform=ground.platform,
            charts=ground.charts,
            models=gateway_models(settings),
            routing=routing(settings.gateway),
            teams=team_limits(settings),
            database=data.databases[data_arguments.LITELLM_DATABASE],
            cache=CacheServer(
                host=data.cache.host, port=data.cache.port, password=data.cache.password, peer=data.cache.peer
            ),
            replicas=(replicas.min, replicas.max),
            minimum_tls_version=settings.gateway.minimum_tls_version,
            console_sign_in=identity.clients["gateway"],
        ),
        ground.opts,
    )


def _model(ground: _Ground, model: ModelSettings, data: RagDataLayer, gateway: InferenceGateway) -> VllmModel:
    return VllmModel(
        f"model-{model.name}",
        VllmModelArgs(
            name=model.name,
            cluster=ground.cluster,
            platform=ground.platform,
            serving=serving(model),
            weights=weights(model),
            pool=model.gpu.pool,
            replicas=model.replicas.min,
            gateway=LITELLM,
            api_key=gateway.model_keys[model.name],
            store=data.store,
            hugging_face_token=ground.secrets.hugging_face_token,
            priority=model.priority,
            tool_call_parser=model.tool_call_parser,
            reasoning_parser=model.reasoning_parser,
            image=model.image,
            # A stopping server finishes every stream that the gateway still waits for.
            drain_seconds=ground.settings.gateway.timeouts.stream_seconds,
        ),
        ground.opts,
    )


def _observability(ground: _Ground, data: RagDataLayer, identity: Identity) -> ObservabilityStack:
    observability = ground.settings.observability
    slo, retention = observability.slo, observability.retention
    return ObservabilityStack(
        "observability",
        ObservabilityStackArgs(
            cluster=ground.cluster,
            platform=ground.platform,
            charts=ground.charts,
            service_levels=ServiceLevels(
                availability=slo.availability, error_rate=slo.error_rate, p95_seconds=slo.p95_seconds
            ),
            retention=Retention(days=retention.metrics_days, gib=retention.metrics_gib),
            replicas=observability.replicas,
            sign_on=identity.clients["grafana"],
            models=tuple(model.name for model in ground.settings.models),
            vector_store_key=SecretKey(name=data.vectors.secret, key=READ_ONLY_KEY),
            alert_webhook_url=ground.secrets.alert_webhook_url,
        ),
        ground.opts,
    )
