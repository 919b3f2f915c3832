"""Amazon Managed Service for Prometheus: what Prometheus in the cluster measures, kept longer and outside of it."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.base.handles import MetricsSink
from components.base.namespaces import OBSERVABILITY
from components.base.protection import guarded
from components.base.wiring import External
from components.gpu_cluster.eks.identity import PodIdentity
from components.gpu_cluster.eks.services import service_policies
from components.gpu_cluster.eks.tags import resource_tags

TYPE = "ai-platform:gpu_cluster:EksMetricsWorkspace"

LOG_DAYS = 90
PROMETHEUS_ACCOUNT = "prometheus"
"""ServiceAccount of the Prometheus pods (`observability_stack`)."""


@dataclass(frozen=True, kw_only=True)
class EksMetricsWorkspaceArgs:
    """`peer` is where the service answers as pods see it. `data_key_arn` encrypts samples, `log_key_arn` the log."""

    environment: str
    region: str
    cluster_name: str
    data_key_arn: pulumi.Input[str]
    log_key_arn: pulumi.Input[str]
    identity: PodIdentity
    peer: External
    retention_days: int
    protect: bool


class EksMetricsWorkspace(pulumi.ComponentResource):
    """`sink` is what Prometheus writes to; it may do so once `ready` exists."""

    workspace: aws.amp.Workspace
    sink: MetricsSink
    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: EksMetricsWorkspaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.workspace = self._workspace()
        self.ready = self._admit_prometheus()
        self.sink = MetricsSink(
            remote_write_url=pulumi.Output.concat(self.workspace.prometheus_endpoint, "api/v1/remote_write"),
            sigv4_region=args.region,
            cluster=args.cluster_name,
            peer=args.peer,
        )
        self.register_outputs({"endpoint": self.workspace.prometheus_endpoint})

    def _tags(self, suffix: str) -> dict[str, str]:
        return resource_tags(f"{self._args.cluster_name}-{suffix}", self._args.environment)

    def _workspace(self) -> aws.amp.Workspace:
        args = self._args
        # `/aws/vendedlogs/` needs no entry of its own in the account's log delivery policy, whose length is limited.
        logs = aws.cloudwatch.LogGroup(
            f"{self._name}-logs",
            name=f"/aws/vendedlogs/prometheus/{args.cluster_name}",
            retention_in_days=LOG_DAYS,
            kms_key_id=args.log_key_arn,
            tags=self._tags("metrics-logs"),
            opts=self._child,
        )
        workspace = aws.amp.Workspace(
            f"{self._name}-workspace",
            alias=args.cluster_name,
            kms_key_arn=args.data_key_arn,
            logging_configuration={"log_group_arn": pulumi.Output.concat(logs.arn, ":*")},
            tags=resource_tags(args.cluster_name, args.environment, "metrics"),
            opts=guarded(self._child, protect=args.protect),
        )
        aws.amp.WorkspaceConfiguration(
            f"{self._name}-retention",
            workspace_id=workspace.id,
            retention_period_in_days=args.retention_days,
            opts=self._child,
        )
        return workspace

    def _admit_prometheus(self) -> tuple[pulumi.Resource, ...]:
        pod_role = self._args.identity.role_of(
            f"{self._name}-writer", namespace=OBSERVABILITY, service_account=PROMETHEUS_ACCOUNT, opts=self._child
        )
        access = aws.iam.RolePolicy(
            f"{self._name}-write",
            role=pod_role.role.name,
            policy=self.workspace.arn.apply(lambda arn: json.dumps(service_policies.remote_write(arn))),
            opts=self._child,
        )
        return (pod_role.association, access)
