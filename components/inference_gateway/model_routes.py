"""ModelRoutes: the internal gateway that splits a model's requests between its running version and the next one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.base import model_proxy, peers, pins
from components.base.handles import ClusterHandle, PlatformContext
from components.inference_gateway import model_route_specs as specs
from components.inference_gateway.custom_resources import custom_resource
from components.inference_gateway.edge_specs import ENVOY_GATEWAY_API, GATEWAY_API
from components.inference_gateway.names import ENVOY_GATEWAY, ENVOY_GATEWAY_XDS_PORT, LITELLM

TYPE = "ai-platform:inference_gateway:ModelRoutes"


@dataclass(frozen=True, kw_only=True)
class ModelRoutesArgs:
    """`edge` is the platform's Gateway, whose class the internal one shares. `drain_seconds` is how long a terminating
    proxy lets open streams finish."""

    cluster: ClusterHandle
    platform: PlatformContext
    edge: pulumi.Resource
    drain_seconds: int


class ModelRoutes(pulumi.ComponentResource):
    """Gateway `models`, reached by LiteLLM alone. `gateway` is what the routes of models depend on."""

    gateway: CustomResource

    def __init__(self, name: str, args: ModelRoutesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        child = args.platform.child_options(self, args.edge)

        def create(suffix: str, api_version: str, kind: str, spec: Mapping[str, Any]) -> CustomResource:
            return custom_resource(
                f"{name}-{suffix}",
                api_version=api_version,
                kind=kind,
                physical=model_proxy.NAME,
                spec=spec,
                environment=args.platform.environment,
                opts=child,
            )

        proxies = specs.model_proxies_spec(
            image=args.cluster.registry.rewrite(pins.ENVOY.reference), drain_seconds=args.drain_seconds
        )
        create("proxies", ENVOY_GATEWAY_API, "EnvoyProxy", proxies)
        self.gateway = create("gateway", GATEWAY_API, "Gateway", specs.model_gateway_spec())
        create("client-traffic", ENVOY_GATEWAY_API, "ClientTrafficPolicy", specs.model_client_traffic_spec())
        create("backend-traffic", ENVOY_GATEWAY_API, "BackendTrafficPolicy", specs.model_backend_traffic_spec())
        args.platform.wiring.allow(LITELLM, peers.MODEL_PROXY, model_proxy.PORT)
        args.platform.wiring.allow(peers.MODEL_PROXY, ENVOY_GATEWAY, ENVOY_GATEWAY_XDS_PORT)
        self.register_outputs({"gateway": model_proxy.NAME})
