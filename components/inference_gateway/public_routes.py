"""The gateway's own routes at the edge, with their policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random
from pulumi_kubernetes.apiextensions import CustomResource

from components.base.capabilities import Capability
from components.base.handles import PlatformContext
from components.base.oidc import OidcClient
from components.inference_gateway import edge_specs, routes
from components.inference_gateway.custom_resources import custom_resource
from components.inference_gateway.names import NAMESPACE

TYPE = "ai-platform:inference_gateway:PublicRoutes"

_HMAC_SECRET = "envoy-oidc-hmac"  # noqa: S105 # the name of a Secret, fixed by Envoy Gateway


@dataclass(frozen=True, kw_only=True)
class PublicRoutesArgs:
    """`gateway` is the Gateway the routes attach to. `request_seconds` limits a whole request to the API."""

    platform: PlatformContext
    gateway: pulumi.Resource
    request_seconds: int
    console_sign_in: OidcClient | None


class PublicRoutes(pulumi.ComponentResource):
    """Routes of the API, of the console, and of plain http."""

    def __init__(self, name: str, args: PublicRoutesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        child = args.platform.child_options(self, args.gateway)
        domain = args.platform.domain

        def create(
            api_version: str, kind: str, physical: str, spec: Mapping[str, Any], *capabilities: Capability
        ) -> CustomResource:
            return custom_resource(
                f"{name}-{kind}-{physical}".lower(),
                api_version=api_version,
                kind=kind,
                physical=physical,
                spec=spec,
                environment=args.platform.environment,
                opts=child,
                capabilities=capabilities,
            )

        gateway_api, envoy_api = edge_specs.GATEWAY_API, edge_specs.ENVOY_GATEWAY_API
        create(gateway_api, "HTTPRoute", routes.REDIRECT_ROUTE, routes.redirect_route_spec())
        api_route = routes.api_route_spec(domain, args.request_seconds)
        create(gateway_api, "HTTPRoute", routes.API_ROUTE, api_route, "gateway-routing")
        traffic = edge_specs.backend_traffic_spec(routes.API_ROUTE, args.request_seconds)
        create(envoy_api, "BackendTrafficPolicy", routes.API_ROUTE, traffic)
        create(envoy_api, "HTTPRouteFilter", routes.NOT_FOUND_FILTER, routes.not_found_filter_spec())
        create(gateway_api, "HTTPRoute", routes.CONSOLE_ROUTE, routes.console_route_spec(domain))
        if args.console_sign_in is not None:
            secret = _sign_in_secrets(name, args.console_sign_in, child)
            sign_in = routes.console_sign_in_spec(args.console_sign_in, secret)
            create(envoy_api, "SecurityPolicy", routes.CONSOLE_ROUTE, sign_in)
        self.register_outputs({"api": routes.api_host(domain), "console": routes.console_host(domain)})


def _sign_in_secrets(name: str, sign_in: OidcClient, opts: pulumi.ResourceOptions) -> str:
    """Secrets that Envoy Gateway reads for a sign-in; returns the name of the client's. Their names are fixed, because
    a policy and the controller address them."""
    # The chart would make this key with a Helm hook, which a Chart resource never runs.
    hmac = random.RandomPassword(f"{name}-cookie-key", length=32, special=False, opts=opts).result
    k8s.core.v1.Secret(
        f"{name}-cookie-secret",
        metadata={"name": _HMAC_SECRET, "namespace": NAMESPACE},
        string_data={"hmac-secret": hmac},
        opts=opts,
    )
    client = "console-sign-in"
    k8s.core.v1.Secret(
        f"{name}-client-secret",
        metadata={"name": client, "namespace": NAMESPACE},
        string_data={"client-secret": sign_in.client_secret},
        opts=opts,
    )
    return client
