"""CloudNativePG's operator and its Barman Cloud plug-in, in the namespace of the databases they look after."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.base import labels, peers, pins
from components.base.handles import ClusterHandle, PlatformContext
from components.base.namespaces import DATA
from components.base.wiring import Workload
from components.charts import ChartSource, PinnedChart, PinnedChartArgs
from components.rag_data_layer import postgresql_charts

TYPE = "ai-platform:rag_data_layer:PostgreSqlOperator"

OPERATOR = Workload.selecting(DATA, "cloudnative-pg", {labels.NAME: "cloudnative-pg"})
PLUGIN = Workload.selecting(DATA, "plugin-barman-cloud", {labels.NAME: "plugin-barman-cloud"})
"""Pods of the charts carry the chart's name, whatever the release is called."""

METRICS_PORT = 8080
WEBHOOK_PORT = 9443
PLUGIN_PORT = 9090


@dataclass(frozen=True, kw_only=True)
class PostgreSqlOperatorArgs:
    """Where the operator runs and its charts come from. The plug-in's certificates are cert-manager's."""

    cluster: ClusterHandle
    platform: PlatformContext
    charts: ChartSource


class PostgreSqlOperator(pulumi.ComponentResource):
    """`charts` define the kinds of the databases' resources: depend on them."""

    charts: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: PostgreSqlOperatorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        registry = args.cluster.registry
        charts = (
            ("cloudnative-pg", pins.CLOUDNATIVE_PG_CHART, postgresql_charts.operator_values(registry)),
            ("barman-cloud", pins.BARMAN_CLOUD_CHART, postgresql_charts.plugin_values(registry)),
        )
        self.charts = tuple(
            PinnedChart(
                f"{name}-{suffix}",
                PinnedChartArgs(pin=pin, namespace=DATA, values=values, source=args.charts),
                args.platform.child_options(self),
            )
            for suffix, pin, values in charts
        )
        _allow_connections(args)
        self.register_outputs({"deployed": args.charts.deploys})


def _allow_connections(args: PostgreSqlOperatorArgs) -> None:
    allow, api = args.platform.wiring.allow, args.cluster.kubernetes_api
    for workload in (OPERATOR, PLUGIN):
        allow(workload, api, *peers.KUBERNETES_API_PORTS)
    allow(api, OPERATOR, WEBHOOK_PORT)
    allow(OPERATOR, PLUGIN, PLUGIN_PORT)
    allow(peers.PROMETHEUS, OPERATOR, METRICS_PORT)
