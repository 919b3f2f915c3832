"""LiteLLM: its configuration, the migration of its database, its pods, and the teams it knows."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import pins
from components.inference_gateway import autoscaling, environment, litellm_config, migration, teams, workload
from components.inference_gateway.arguments import InferenceGatewayArgs
from components.inference_gateway.environment import SecretNames
from components.inference_gateway.names import LITELLM_NAME, NAMESPACE
from components.inference_gateway.timeouts import grace_seconds

TYPE = "ai-platform:inference_gateway:LiteLlm"


@dataclass(frozen=True, kw_only=True)
class LiteLlmArgs:
    """`secrets` are created already; `counters` is the server that must be up before the pods."""

    gateway: InferenceGatewayArgs
    secrets: SecretNames
    counters_host: str
    counters: pulumi.Resource


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
        config = k8s.core.v1.ConfigMap(
            f"{name}-config",
            metadata={"namespace": NAMESPACE},
            data={workload.CONFIG_FILE: self._config_text(args.counters_host)},
            opts=child,
        )
        migrated = self._migration(name, account)
        self.deployment = self._deployment(name, config, (account, migrated, args.counters))
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
        self.register_outputs({"models": [model.name for model in args.gateway.models]})

    def _config_text(self, counters_host: str) -> str:
        return litellm_config.config_text(
            self._gateway.models,
            self._gateway.routing,
            counters_host=counters_host,
            cache_port=self._gateway.cache.port,
            max_replicas=self._gateway.replicas[1],
        )

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
