"""The edge: the Gateway that every public name hangs on, its proxies, its certificate and its policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.base import peers, pins
from components.base.capabilities import Capability
from components.base.handles import ClusterHandle, PlatformContext
from components.charts import ChartSource
from components.inference_gateway import certificates, edge_specs, traffic_specs
from components.inference_gateway.control_plane import ControlPlane, ControlPlaneArgs
from components.inference_gateway.counters import Counters
from components.inference_gateway.custom_resources import custom_resource
from components.inference_gateway.edge_limits import EdgeLimits
from components.inference_gateway.names import EDGE_NAME

TYPE = "ai-platform:inference_gateway:Edge"


@dataclass(frozen=True, kw_only=True)
class EdgeArgs:
    """`drain_seconds` is how long a terminating proxy lets open streams finish."""

    counters: Counters
    limits: EdgeLimits
    cluster: ClusterHandle
    platform: PlatformContext
    charts: ChartSource
    minimum_tls_version: str
    drain_seconds: int


class Edge(pulumi.ComponentResource):
    """Gateway `edge` with listeners `http` and `https`. `gateway` is what routes depend on."""

    gateway: CustomResource

    def __init__(self, name: str, args: EdgeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        control_plane = ControlPlane(
            f"{name}-control-plane",
            ControlPlaneArgs(cluster=args.cluster, platform=args.platform, charts=args.charts, counters=args.counters),
            args.platform.child_options(self),
        )
        child = args.platform.child_options(self, control_plane.chart)

        def create(
            suffix: str, api_version: str, kind: str, spec: Mapping[str, Any], *capabilities: Capability
        ) -> CustomResource:
            return custom_resource(
                f"{name}-{suffix}",
                api_version=api_version,
                kind=kind,
                physical=EDGE_NAME,
                spec=spec,
                environment=args.platform.environment,
                opts=child,
                capabilities=capabilities,
            )

        certificate = certificates.edge_certificate_spec(args.platform.domain)
        create("certificate", certificates.CERT_MANAGER_API, "Certificate", certificate, "tls-certificates")
        proxies = edge_specs.envoy_proxy_spec(
            image=args.cluster.registry.rewrite(pins.ENVOY.reference),
            load_balancer=args.cluster.load_balancer,
            drain_seconds=args.drain_seconds,
        )
        create("proxies", edge_specs.ENVOY_GATEWAY_API, "EnvoyProxy", proxies)
        create("class", edge_specs.GATEWAY_API, "GatewayClass", edge_specs.gateway_class_spec())
        front_proxy = args.cluster.load_balancer.front_proxy
        gateway = edge_specs.gateway_spec(args.platform.domain, front_proxy)
        self.gateway = create("gateway", edge_specs.GATEWAY_API, "Gateway", gateway)
        client_traffic = traffic_specs.client_traffic_spec(args.minimum_tls_version, args.limits, front_proxy)
        create("client-traffic", edge_specs.ENVOY_GATEWAY_API, "ClientTrafficPolicy", client_traffic)
        clients = front_proxy.source if front_proxy else peers.CLIENTS
        args.platform.wiring.allow(clients, peers.EDGE_PROXY, peers.EDGE_HTTP_PORT, peers.EDGE_HTTPS_PORT)
        self.register_outputs({"gateway": EDGE_NAME})
