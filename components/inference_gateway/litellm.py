"""LiteLLM: its configuration, the migration of its database, its pods, and the teams it knows."""

from __future__ import annotations

from dataclasses import dataclass, field

import pulumi
import pulumi_kubernetes as k8s

from components.base import pins
from components.inference_gateway import (
    autoscaling,
    connections,
    environment,
    forget,
    litellm_config,
    migration,
    teams,
    workload,
)
from components.inference_gateway.arguments import Extension, InferenceGatewayArgs, SemanticCache
from components.inference_gateway.config_size import checked_size
from components.inference_gateway.environment import SecretNames
from components.inference_gateway.guardrails.component import PersonalData, PersonalDataArgs
from components.inference_gateway.model_calls import model_calls_extension
from components.inference_gateway.names import LITELLM_NAME, NAMESPACE
from components.inference_gateway.timeouts import grace_seconds

TYPE = "ai-platform:inference_gateway:LiteLlm"


@dataclass(frozen=True, kw_only=True)
class LiteLlmArgs:
    """`secrets` are created already; `counters` is the server that must be up before the pods. `extension` is what
    other parts of the gateway add to LiteLLM."""

    gateway: InferenceGatewayArgs
    secrets: SecretNames
    counters_host: str
    counters: pulumi.Resource
    extension: Extension = field(default_factory=Extension)


class LiteLlm(pulumi.ComponentResource):
    """Service `litellm`, and everything behind it."""

    deployment: k8s.apps.v1.Deployment

    def __init__(self, name: str, args: LiteLlmArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._gateway, self._secrets = args.gateway, args.secrets
        self._environment = args.gateway.platform.environment
        self._image = args.gateway.cluster.registry.rewrite(pins.LITELLM.reference)
        child = args.gateway.platform.child_options(self)
        account = k8s.core.v1.ServiceAccount(
            f"{name}-account",
            metadata=workload.metadata(self._environment),
            automount_service_account_token=False,
            opts=child,
        )
        keys = self._connection_secret(name)
        self._extension = (
            model_calls_extension(filtered=args.gateway.routing.guardrails.filter_texts)
            + args.extension
            + connections.connections_extension(args.gateway, keys)
        )
        config = k8s.core.v1.ConfigMap(
            f"{name}-config",
            metadata={"namespace": NAMESPACE},
            data=checked_size(
                {workload.CONFIG_FILE: self._config_text(args.counters_host), **self._extension.files},
                len(self._gateway.models),
            ),
            opts=child,
        )
        migrated = self._migration(name, account)
        self.deployment = self._deployment(name, config, (account, migrated, args.counters, *self._personal_data(name)))
        # After the pods: the engine waits ten minutes for a Service's endpoints, and the migration may take longer.
        service = k8s.core.v1.Service(
            f"{name}-service",
            metadata=workload.metadata(self._environment),
            spec=workload.service_spec(),
            opts=args.gateway.platform.child_options(self, self.deployment),
        )
        k8s.autoscaling.v2.HorizontalPodAutoscaler(
            f"{name}-autoscaler",
            metadata=workload.metadata(self._environment, "gateway-autoscaling"),
            spec=autoscaling.autoscaler_spec(args.gateway.replicas),
            opts=args.gateway.platform.child_options(self, self.deployment),
        )
        k8s.policy.v1.PodDisruptionBudget(
            f"{name}-disruption-budget",
            metadata=workload.metadata(self._environment),
            spec=autoscaling.disruption_budget_spec(),
            opts=child,
        )
        if args.gateway.teams:
            self._teams(name, service)
        if keys is not None:
            self._forget(name, keys)
        self.register_outputs({"models": [model.name for model in args.gateway.models]})

    def _config_text(self, counters_host: str) -> str:
        return litellm_config.config_text(
            self._gateway.models,
            self._gateway.routing,
            counters_host=counters_host,
            cache_port=self._gateway.cache.port,
            max_replicas=self._gateway.replicas[1],
            extension=self._extension,
        )

    def _connection_secret(self, name: str) -> pulumi.Output[str] | None:
        keys = connections.connection_secrets(self._gateway)
        if not keys:
            return None
        return k8s.core.v1.Secret(
            f"{name}-connections",
            metadata={"namespace": NAMESPACE},
            string_data=keys,
            opts=self._gateway.platform.child_options(self),
        ).metadata["name"]

    def _personal_data(self, name: str) -> tuple[pulumi.Resource, ...]:
        settings = self._gateway.routing.guardrails.presidio
        if settings is None:
            return ()
        args = PersonalDataArgs(
            platform=self._gateway.platform, registry=self._gateway.cluster.registry, settings=settings
        )
        return PersonalData(f"{name}-personal-data", args, self._gateway.platform.child_options(self)).ready

    def _migration(self, name: str, account: pulumi.Resource) -> k8s.batch.v1.Job:
        return k8s.batch.v1.Job(
            f"{name}-migration",
            metadata=migration.metadata(self._environment),
            spec=migration.job_spec(
                image=self._image,
                environment=self._environment,
                service_account=LITELLM_NAME,
                variables=environment.migration_variables(self._secrets.database),
            ),
            opts=self._gateway.platform.child_options(self, account),
        )

    def _deployment(
        self, name: str, config: k8s.core.v1.ConfigMap, after: tuple[pulumi.Resource, ...]
    ) -> k8s.apps.v1.Deployment:
        timeouts = self._gateway.routing.timeouts
        variables = environment.server_variables(
            [model.name for model in self._gateway.models],
            self._secrets,
            domain=self._gateway.platform.domain,
            cache_host=self._gateway.cache.host,
            drain_seconds=timeouts.stream,
            extension=self._extension,
        )
        return k8s.apps.v1.Deployment(
            f"{name}-deployment",
            metadata=workload.metadata(self._environment, "gateway-authentication", "gateway-rate-limits"),
            spec=workload.deployment_spec(
                image=self._image,
                environment=self._environment,
                config_map=config.metadata["name"],
                variables=variables,
                grace_seconds=grace_seconds(timeouts),
            ),
            opts=self._gateway.platform.child_options(self, *after),
        )

    def _forget(self, name: str, keys: pulumi.Output[str]) -> None:
        cache, child = self._gateway.routing.cache, self._gateway.platform.child_options(self)
        if not isinstance(cache, SemanticCache):
            return
        config = k8s.core.v1.ConfigMap(
            f"{name}-forget", metadata={"namespace": NAMESPACE}, data=forget.config_data(), opts=child
        )
        k8s.batch.v1.CronJob(
            f"{name}-forget-answers",
            metadata=forget.metadata(self._environment),
            spec=forget.cron_job_spec(
                cache,
                image=self._image,
                environment=self._environment,
                service_account=LITELLM_NAME,
                config_map=config.metadata["name"],
                url=connections.vector_server(self._gateway).url,
                secret=keys,
            ),
            opts=child,
        )

    def _teams(self, name: str, service: pulumi.Resource) -> None:
        platform = self._gateway.platform
        config = k8s.core.v1.ConfigMap(
            f"{name}-teams",
            metadata={"namespace": NAMESPACE},
            data=teams.config_data(self._gateway.teams),
            opts=platform.child_options(self),
        )
        k8s.batch.v1.Job(
            f"{name}-apply-teams",
            metadata=teams.metadata(self._environment),
            spec=teams.job_spec(
                image=self._image,
                environment=self._environment,
                service_account=LITELLM_NAME,
                config_map=config.metadata["name"],
                keys_secret=self._secrets.keys,
            ),
            opts=platform.child_options(self, self.deployment, service),
        )
