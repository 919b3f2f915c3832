"""ObservabilityStack: the chart, what it watches, when it calls and where it is seen."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random

from components.base import labels
from components.base.capabilities import Capability, provides
from components.base.namespaces import OBSERVABILITY
from components.base.naming import service_host
from components.base.operator_objects import PROMETHEUS_SERVICE
from components.base.pins import KUBE_PROMETHEUS_STACK_CHART
from components.charts import PinnedChart, PinnedChartArgs
from components.observability_stack import connections, names
from components.observability_stack.alerting import alertmanager_configuration
from components.observability_stack.arguments import ObservabilityStackArgs
from components.observability_stack.dashboards import DASHBOARD_FILE, DASHBOARD_UID, ai_platform_dashboard
from components.observability_stack.monitors import Monitor, monitors_in, pod_monitor_spec
from components.observability_stack.prometheus_values import stack_values
from components.observability_stack.route import grafana_host, route_spec
from components.observability_stack.rules import rule_groups, rules_spec

if TYPE_CHECKING:
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

TYPE = "ai-platform:observability_stack:ObservabilityStack"

MONITORING_API = "monitoring.coreos.com/v1"


@dataclass(frozen=True, kw_only=True)
class _Child:
    """What the children of one ObservabilityStack share."""

    name: str
    environment: str
    opts: pulumi.ResourceOptions

    def metadata(
        self,
        name: str,
        *capabilities: Capability,
        namespace: str = OBSERVABILITY,
        extra_labels: Mapping[str, str] = MappingProxyType({}),
    ) -> ObjectMetaArgsDict:
        metadata: ObjectMetaArgsDict = {
            "name": name,
            "namespace": namespace,
            "labels": {**labels.object_labels(name, "observability", self.environment), **extra_labels},
        }
        if capabilities:
            metadata["annotations"] = provides(*capabilities)
        return metadata


class ObservabilityStack(pulumi.ComponentResource):
    """Prometheus, Alertmanager and Grafana with the platform's monitors, rules and dashboard.

    `prometheus_url` is where other components query metrics, `grafana_url` what people open.
    """

    prometheus_url: str
    grafana_url: str

    def __init__(self, name: str, args: ObservabilityStackArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        _check(args)
        connections.declare(args)
        child = _Child(name=name, environment=args.platform.environment, opts=args.platform.child_options(self))
        secrets = _secrets(child, args)
        chart = PinnedChart(
            f"{name}-kube-prometheus-stack",
            PinnedChartArgs(
                pin=KUBE_PROMETHEUS_STACK_CHART,
                namespace=OBSERVABILITY,
                values=stack_values(args),
                source=args.charts,
            ),
            opts=args.platform.child_options(self, *secrets, *args.after),
        )
        # The chart brings the kinds PodMonitor and PrometheusRule.
        after_chart = _Child(name=name, environment=child.environment, opts=args.platform.child_options(self, chart))
        monitors = monitors_in(args.platform.wiring.edges, args.vector_store_key)
        for monitor in monitors:
            _pod_monitor(after_chart, monitor)
        _rules(after_chart, args, {monitor.name for monitor in monitors})
        _grafana_role(child)
        _dashboard(child)
        _route(child, args.platform.domain)
        self.prometheus_url = f"http://{service_host(PROMETHEUS_SERVICE, OBSERVABILITY)}:9090"
        self.grafana_url = f"https://{grafana_host(args.platform.domain)}"
        self.register_outputs({"prometheusUrl": self.prometheus_url, "grafanaUrl": self.grafana_url})


def _check(args: ObservabilityStackArgs) -> None:
    if args.replicas < 1:
        message = f"replicas is {args.replicas}: at least one Prometheus is needed"
        raise ValueError(message)
    if len(set(args.models)) != len(args.models):
        message = f"models names one twice: {', '.join(args.models)}"
        raise ValueError(message)
    callback = f"https://{grafana_host(args.platform.domain)}/login/generic_oauth"
    if args.sign_on.redirect_url != callback:
        message = f"sign_on returns to {args.sign_on.redirect_url}, but Grafana listens at {callback}"
        raise ValueError(message)


def _secrets(child: _Child, args: ObservabilityStackArgs) -> Sequence[pulumi.Resource]:
    password = random.RandomPassword(f"{child.name}-grafana-admin-password", length=32, special=False, opts=child.opts)
    webhook = args.alert_webhook_url
    configuration = webhook.apply(alertmanager_configuration) if webhook else alertmanager_configuration(None)
    contents: dict[str, dict[str, pulumi.Input[str]]] = {
        names.GRAFANA_ADMIN_SECRET: {
            names.ADMIN_USER_KEY: "admin",
            names.ADMIN_PASSWORD_KEY: password.result,
        },
        names.GRAFANA_OAUTH_SECRET: {names.CLIENT_SECRET_KEY: args.sign_on.client_secret},
        names.ALERTMANAGER_SECRET: {names.ALERTMANAGER_KEY: configuration},
    }
    return [
        k8s.core.v1.Secret(
            f"{child.name}-{secret}",
            metadata=child.metadata(secret),
            string_data=content,
            opts=child.opts,
        )
        for secret, content in contents.items()
    ]


def _pod_monitor(child: _Child, monitor: Monitor) -> None:
    k8s.apiextensions.CustomResource(
        f"{child.name}-{monitor.name}-monitor",
        api_version=MONITORING_API,
        kind="PodMonitor",
        metadata=child.metadata(monitor.name, "metrics", namespace=monitor.namespace),
        spec=pod_monitor_spec(monitor),
        opts=child.opts,
    )


def _rules(child: _Child, args: ObservabilityStackArgs, watched: set[str]) -> None:
    k8s.apiextensions.CustomResource(
        f"{child.name}-rules",
        api_version=MONITORING_API,
        kind="PrometheusRule",
        metadata=child.metadata("ai-platform", "alerts"),
        spec=rules_spec(rule_groups(args.service_levels, args.models, watched, args.triggers)),
        opts=child.opts,
    )


def _grafana_role(child: _Child) -> None:
    k8s.rbac.v1.Role(
        f"{child.name}-{names.GRAFANA_ROLE}",
        metadata=child.metadata(names.GRAFANA_ROLE),
        rules=[{"api_groups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}],
        opts=child.opts,
    )


def _dashboard(child: _Child) -> None:
    # Named, because Grafana's sidecar and not a pod of ours reads it: a change is picked up in place.
    k8s.core.v1.ConfigMap(
        f"{child.name}-dashboard",
        metadata=child.metadata(f"dashboard-{DASHBOARD_UID}", "dashboards", extra_labels={names.DASHBOARD_LABEL: "1"}),
        data={DASHBOARD_FILE: json.dumps(ai_platform_dashboard(), indent=2, sort_keys=True)},
        opts=child.opts,
    )


def _route(child: _Child, domain: str) -> None:
    k8s.apiextensions.CustomResource(
        f"{child.name}-route",
        api_version="gateway.networking.k8s.io/v1",
        kind="HTTPRoute",
        metadata=child.metadata("grafana"),
        spec=route_spec(domain),
        opts=child.opts,
    )
