"""Envoy Gateway itself: its chart, and the certificates of its controller, the proxies and the rate limit service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi_kubernetes.apiextensions import CustomResource

from components.base import peers, pins, valkey
from components.base.handles import ClusterHandle, ImageRegistry, PlatformContext
from components.base.valkey import ValkeyServer
from components.charts import ChartSource, PinnedChart, PinnedChartArgs
from components.inference_gateway import certificates
from components.inference_gateway.counters import Counters
from components.inference_gateway.custom_resources import custom_resource
from components.inference_gateway.names import (
    ENVOY_GATEWAY,
    ENVOY_GATEWAY_RATE_LIMIT_PORT,
    ENVOY_GATEWAY_XDS_PORT,
    NAMESPACE,
)
from components.inference_gateway.rate_limit_service import (
    GRPC_PORT,
    PASSWORD_KEY,
    PASSWORD_SECRET,
    RATE_LIMIT,
    controller_values,
)

TYPE = "ai-platform:inference_gateway:ControlPlane"


def chart_values(registry: ImageRegistry, counters: ValkeyServer) -> dict[str, Any]:
    """Two controllers, every image pinned and taken from the platform's registry.

    The chart makes the control plane's certificates with a Helm hook, which a Chart resource never runs: they are
    cert-manager Certificates of this component instead. The topology injector's webhook gets its authority from the
    same hook, so it stays off; it only prefers endpoints of the same zone.
    """
    images = {
        "envoyGateway": {"image": registry.rewrite(pins.ENVOY_GATEWAY.reference), "pullPolicy": "IfNotPresent"},
        "envoyProxy": {"image": registry.rewrite(pins.ENVOY.reference)},
        "ratelimit": {"image": registry.rewrite(pins.ENVOY_RATE_LIMIT.reference)},
    }
    resources = {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}}
    return {
        "global": {"images": images},
        "crds": {"enabled": True},
        "topologyInjector": {"enabled": False},
        "podDisruptionBudget": {"minAvailable": 1},
        "deployment": {
            "replicas": 2,
            "priorityClassName": "platform-critical",
            "envoyGateway": {"resources": resources},
        },
        "config": {"envoyGateway": controller_values(counters)},
    }


@dataclass(frozen=True, kw_only=True)
class ControlPlaneArgs:
    """Where the controller runs and its chart comes from. `counters` keep what the proxies count together."""

    cluster: ClusterHandle
    platform: PlatformContext
    charts: ChartSource
    counters: Counters


class ControlPlane(pulumi.ComponentResource):
    """`chart` defines the kinds of the edge's resources: depend on it."""

    chart: PinnedChart

    def __init__(self, name: str, args: ControlPlaneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        child = args.platform.child_options(self)

        def create(suffix: str, kind: str, physical: str, spec: Mapping[str, Any]) -> CustomResource:
            return custom_resource(
                f"{name}-{suffix}",
                api_version=certificates.CERT_MANAGER_API,
                kind=kind,
                physical=physical,
                spec=spec,
                environment=args.platform.environment,
                opts=child,
            )

        created: list[pulumi.Resource] = [
            create("self-signed", "Issuer", certificates.SELF_SIGNED, certificates.self_signed_issuer_spec()),
            create("authority", "Certificate", certificates.AUTHORITY, certificates.authority_certificate_spec()),
            create("issuer", "Issuer", certificates.AUTHORITY, certificates.authority_issuer_spec()),
            create("controller", "Certificate", certificates.CONTROLLER, certificates.controller_certificate_spec()),
            create("proxies", "Certificate", certificates.PROXIES, certificates.proxy_certificate_spec()),
            create("rate-limit", "Certificate", certificates.RATE_LIMIT, certificates.rate_limit_certificate_spec()),
            # Named, because the chart's values address it.
            k8s.core.v1.Secret(
                f"{name}-counters-password",
                metadata={"name": PASSWORD_SECRET, "namespace": NAMESPACE},
                string_data={PASSWORD_KEY: args.counters.password},
                opts=child,
            ),
        ]
        self.chart = PinnedChart(
            f"{name}-envoy-gateway",
            PinnedChartArgs(
                pin=pins.ENVOY_GATEWAY_CHART,
                namespace=NAMESPACE,
                values=chart_values(args.cluster.registry, args.counters.server),
                source=args.charts,
            ),
            args.platform.child_options(self, *created),
        )
        _declare_connections(args)
        self.register_outputs({})


def _declare_connections(args: ControlPlaneArgs) -> None:
    allow = args.platform.wiring.allow
    allow(peers.EDGE_PROXY, ENVOY_GATEWAY, ENVOY_GATEWAY_XDS_PORT)
    allow(ENVOY_GATEWAY, args.cluster.kubernetes_api, *peers.KUBERNETES_API_PORTS)
    allow(peers.EDGE_PROXY, RATE_LIMIT, GRPC_PORT)
    allow(RATE_LIMIT, ENVOY_GATEWAY, ENVOY_GATEWAY_RATE_LIMIT_PORT)
    allow(RATE_LIMIT, args.counters.server.peer, valkey.PORT)
