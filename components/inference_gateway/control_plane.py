"""Envoy Gateway itself: its chart, and the certificates between its controller and the proxies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.base import peers, pins
from components.base.handles import ClusterHandle, ImageRegistry, PlatformContext
from components.charts import ChartSource, PinnedChart, PinnedChartArgs
from components.inference_gateway import certificates
from components.inference_gateway.custom_resources import custom_resource
from components.inference_gateway.names import ENVOY_GATEWAY, ENVOY_GATEWAY_XDS_PORT, NAMESPACE

TYPE = "ai-platform:inference_gateway:ControlPlane"


def chart_values(registry: ImageRegistry) -> dict[str, Any]:
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
    }


@dataclass(frozen=True, kw_only=True)
class ControlPlaneArgs:
    """Where the controller runs and its chart comes from."""

    cluster: ClusterHandle
    platform: PlatformContext
    charts: ChartSource


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

        created = [
            create("self-signed", "Issuer", certificates.SELF_SIGNED, certificates.self_signed_issuer_spec()),
            create("authority", "Certificate", certificates.AUTHORITY, certificates.authority_certificate_spec()),
            create("issuer", "Issuer", certificates.AUTHORITY, certificates.authority_issuer_spec()),
            create("controller", "Certificate", certificates.CONTROLLER, certificates.controller_certificate_spec()),
            create("proxies", "Certificate", certificates.PROXIES, certificates.proxy_certificate_spec()),
        ]
        self.chart = PinnedChart(
            f"{name}-envoy-gateway",
            PinnedChartArgs(
                pin=pins.ENVOY_GATEWAY_CHART,
                namespace=NAMESPACE,
                values=chart_values(args.cluster.registry),
                source=args.charts,
            ),
            args.platform.child_options(self, *created),
        )
        args.platform.wiring.allow(peers.EDGE_PROXY, ENVOY_GATEWAY, ENVOY_GATEWAY_XDS_PORT)
        args.platform.wiring.allow(ENVOY_GATEWAY, args.cluster.kubernetes_api, *peers.KUBERNETES_API_PORTS)
        self.register_outputs({})
