"""The composition, top to bottom, in the order of deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pulumi
import pulumi_random as random

from components.admission_policies import AdmissionPolicies
from components.base.handles import ClusterHandle, PlatformContext
from components.base.namespaces import NAMESPACES, PlatformNamespace
from components.base.peers import MODEL_PROXY
from components.base.wiring import Wiring
from components.charts import ChartSource
from components.gpu_cluster import GpuStack, GpuStackArgs
from components.gpu_cluster.kubeconfig import KubeconfigError
from components.identity import Identity, IdentityArgs
from components.inference_gateway import (
    LITELLM,
    CacheServer,
    GatewayError,
    InferenceGateway,
    InferenceGatewayArgs,
    VectorServer,
)
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
from components.serving_operators import ServingOperators, ServingOperatorsArgs
from components.vllm_model import ModelError, VllmModel, VllmModelArgs
from stacks.arguments import data as data_arguments
from stacks.arguments.admission import admission
from stacks.arguments.gateway import edge_limits, gateway_models, team_limits
from stacks.arguments.gateway_routing import routing
from stacks.arguments.identity import realm
from stacks.arguments.model import adapters, server_options
from stacks.arguments.observability import triggers
from stacks.gateway_secrets import external_keys, telemetry_keys
from stacks.prices import prices_by_model
from stacks.rollout import is_weighted, rollout_plan
from stacks.scaling import names_by_model, needed_operators, scaling
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
    except (KubeconfigError, ModelError, DataLayerError, GatewayError) as error:
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
    serving_ground = _serving_ground(ground)
    for model in settings.models:
        _model(serving_ground, model, data, gateway)
    observability = _observability(ground, data, identity)
    # Last: by now every component has declared its connections.
    NetworkIsolation(
        "network",
        NetworkIsolationArgs(
            platform=ground.platform, namespaces=_namespaces(settings, ground.cluster), dns=ground.cluster.dns
        ),
        ground.opts,
    )
    return Platform(
        exports={
            "apiUrl": gateway.api_url,
            "consoleUrl": gateway.console_url,
            "grafanaUrl": observability.grafana_url,
            "issuerUrl": identity.issuer_url,
            "models": [model.name for model in settings.models],
            "usdPerMillionTokens": prices_by_model(settings),
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
    wanted = _namespaces(settings, cluster)
    policies = AdmissionPolicies("admission", admission(settings, cluster, wanted), opts)
    namespaces = Namespaces(
        "platform",
        NamespacesArgs(environment=settings.environment, pools=cluster.pools, namespaces=wanted, after=policies.ready),
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


def _namespaces(settings: PlatformSettings, cluster: ClusterHandle) -> tuple[PlatformNamespace, ...]:
    return (*NAMESPACES, *needed_operators(settings).namespaces, *cluster.namespaces)


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
            routing=routing(settings),
            teams=team_limits(settings),
            database=data.databases[data_arguments.LITELLM_DATABASE],
            cache=CacheServer(
                host=data.cache.host, port=data.cache.port, password=data.cache.password, peer=data.cache.peer
            ),
            replicas=(replicas.min, replicas.max),
            minimum_tls_version=settings.gateway.minimum_tls_version,
            console_sign_in=identity.clients["gateway"],
            api_tokens=identity.api_tokens,
            edge_limits=edge_limits(settings.gateway),
            vectors=VectorServer(
                url=data.vectors.url, port=data.vectors.http_port, api_key=data.vectors.api_key, peer=data.vectors.peer
            ),
            external_keys=external_keys(settings.gateway, ground.secrets),
            telemetry_keys=telemetry_keys(settings.gateway, ground.secrets),
        ),
        ground.opts,
    )


@dataclass(frozen=True, kw_only=True)
class _ServingGround:
    """What all models stand on: the operators that some of them need, and the names that lead to each."""

    ground: _Ground
    operators: tuple[pulumi.Resource, ...]
    names: Mapping[str, tuple[str, ...]]


def _serving_ground(ground: _Ground) -> _ServingGround:
    needed = needed_operators(ground.settings)
    operators = ServingOperators(
        "serving-operators",
        ServingOperatorsArgs(
            cluster=ground.cluster,
            platform=ground.platform,
            charts=ground.charts,
            autoscaling=needed.autoscaling,
            multi_node=needed.multi_node,
            rollouts=needed.rollouts,
        ),
        ground.opts,
    )
    return _ServingGround(ground=ground, operators=operators.ready, names=names_by_model(ground.settings))


def _model(
    serving_ground: _ServingGround, model: ModelSettings, data: RagDataLayer, gateway: InferenceGateway
) -> VllmModel:
    ground = serving_ground.ground
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
            gateway=MODEL_PROXY if is_weighted(model) else LITELLM,
            api_key=gateway.model_keys[model.name],
            store=data.store,
            hugging_face_token=ground.secrets.hugging_face_token,
            priority=model.priority,
            server=server_options(model),
            adapters=adapters(model),
            image=model.image,
            # A stopping server finishes every stream that the gateway still waits for.
            drain_seconds=ground.settings.gateway.timeouts.stream_seconds,
            scaling=scaling(model, serving_ground.names),
            rollout=rollout_plan(model),
            operators=(*serving_ground.operators, *gateway.model_gateway),
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
            # A model that may stop is missed by nobody.
            models=tuple(model.name for model in ground.settings.models if model.replicas.min),
            vector_store_key=SecretKey(name=data.vectors.secret, key=READ_ONLY_KEY),
            alert_webhook_url=ground.secrets.alert_webhook_url,
            triggers=triggers(ground.settings),
        ),
        ground.opts,
    )
