"""The managed services around a cluster in AWS, for everything but the cluster itself."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.base.handles import MetricsSink
from components.base.wiring import External
from components.gpu_cluster.eks.control_plane.keys import EksKeys
from components.gpu_cluster.eks.identity import PodIdentity
from components.gpu_cluster.eks.services.access_logs import EksAccessLogs, EksAccessLogsArgs
from components.gpu_cluster.eks.services.backup import BackupPlan, EksBackup, EksBackupArgs
from components.gpu_cluster.eks.services.budget import BudgetPlan, EksBudget, EksBudgetArgs
from components.gpu_cluster.eks.services.database_instance import DatabasePlan
from components.gpu_cluster.eks.services.grafana_workspace import (
    EksGrafanaWorkspace,
    EksGrafanaWorkspaceArgs,
    GrafanaPlan,
)
from components.gpu_cluster.eks.services.metrics_workspace import EksMetricsWorkspace, EksMetricsWorkspaceArgs
from components.gpu_cluster.eks.services.notices import EksNotices, EksNoticesArgs

TYPE = "ai-platform:gpu_cluster:EksServices"


@dataclass(frozen=True, kw_only=True)
class ServicePlan:
    """What the stack asks of each service. `metrics_retention_days` is None where no metrics leave the cluster, and
    `grafana` is None without a workspace for them.
    """

    budget: BudgetPlan
    backup: BackupPlan
    database: DatabasePlan
    metrics_retention_days: int | None
    grafana: GrafanaPlan | None


@dataclass(frozen=True, kw_only=True)
class ServiceNetwork:
    """Where services meet the VPC: its private subnets, and `metrics`, the addresses at which the metrics service
    answers inside it.
    """

    vpc_id: pulumi.Input[str]
    subnet_ids: tuple[pulumi.Input[str], ...]
    metrics: External


@dataclass(frozen=True, kw_only=True)
class EksServicesArgs:
    """`protect` guards what holds data."""

    environment: str
    account_id: str
    region: str
    cluster_name: str
    keys: EksKeys
    network: ServiceNetwork
    identity: PodIdentity
    plan: ServicePlan
    protect: bool


class EksServices(pulumi.ComponentResource):
    """`metrics_sink` is None where no metrics leave the cluster. Pods that use a service start after `ready`."""

    access_logs: EksAccessLogs
    metrics_sink: MetricsSink | None
    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: EksServicesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        if args.plan.grafana and args.plan.metrics_retention_days is None:
            message = "managed Grafana has nothing to show without managed metrics: plan both, or neither"
            raise ValueError(message)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.access_logs = EksAccessLogs(
            f"{name}-access-logs",
            EksAccessLogsArgs(environment=args.environment, account_id=args.account_id, protect=args.protect),
            self._child,
        )
        self._watch_money_and_copies()
        metrics = self._metrics(args.plan.metrics_retention_days)
        if metrics and args.plan.grafana:
            self._grafana(metrics, args.plan.grafana)
        self.metrics_sink = metrics.sink if metrics else None
        self.ready = metrics.ready if metrics else ()
        self.register_outputs({})

    def _watch_money_and_copies(self) -> None:
        args = self._args
        EksBudget(
            f"{self._name}-budget",
            EksBudgetArgs(
                environment=args.environment,
                account_id=args.account_id,
                cluster_name=args.cluster_name,
                plan=args.plan.budget,
            ),
            self._child,
        )
        notices = EksNotices(
            f"{self._name}-notices",
            EksNoticesArgs(
                environment=args.environment,
                account_id=args.account_id,
                cluster_name=args.cluster_name,
                emails=args.plan.budget.emails,
            ),
            self._child,
        )
        EksBackup(
            f"{self._name}-backup",
            EksBackupArgs(
                environment=args.environment,
                account_id=args.account_id,
                cluster_name=args.cluster_name,
                plan=args.plan.backup,
                notices=notices,
                protect=args.protect,
            ),
            self._child,
        )

    def _metrics(self, retention_days: int | None) -> EksMetricsWorkspace | None:
        args = self._args
        if retention_days is None:
            return None
        return EksMetricsWorkspace(
            f"{self._name}-metrics",
            EksMetricsWorkspaceArgs(
                environment=args.environment,
                region=args.region,
                cluster_name=args.cluster_name,
                data_key_arn=args.keys.data.arn,
                log_key_arn=args.keys.cluster.arn,
                identity=args.identity,
                peer=args.network.metrics,
                retention_days=retention_days,
                protect=args.protect,
            ),
            self._child,
        )

    def _grafana(self, metrics: EksMetricsWorkspace, plan: GrafanaPlan) -> None:
        args = self._args
        EksGrafanaWorkspace(
            f"{self._name}-grafana",
            EksGrafanaWorkspaceArgs(
                environment=args.environment,
                account_id=args.account_id,
                cluster_name=args.cluster_name,
                vpc_id=args.network.vpc_id,
                subnet_ids=args.network.subnet_ids,
                metrics_workspace_arn=metrics.workspace.arn,
                metrics_cidrs=args.network.metrics.cidrs,
                key_arn=args.keys.data.arn,
                plan=plan,
            ),
            self._child,
        )
