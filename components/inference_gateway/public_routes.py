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
from components.base.oidc import OidcClient, TokenIssuer
from components.inference_gateway import api_routes, console_routes, edge_specs, traffic_specs
from components.inference_gateway.custom_resources import custom_resource
from components.inference_gateway.edge_limits import EdgeLimits
from components.inference_gateway.names import NAMESPACE, api_host, console_host
from components.inference_gateway.timeouts import EdgeSeconds

TYPE = "ai-platform:inference_gateway:PublicRoutes"

API_TRAFFIC = "api"
"""Name of the limits that all routes of the API share."""

_HMAC_SECRET = "envoy-oidc-hmac"  # noqa: S105 # the name of a Secret, fixed by Envoy Gateway


@dataclass(frozen=True, kw_only=True)
class PublicRoutesArgs:
    """`gateway` is the Gateway the routes attach to. `api_tokens` are accepted beside keys; None for keys alone."""

    platform: PlatformContext
    gateway: pulumi.Resource
    limits: EdgeLimits
    seconds: EdgeSeconds
    api_tokens: TokenIssuer | None
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
        seconds = args.seconds.request
        create(gateway_api, "HTTPRoute", console_routes.REDIRECT_ROUTE, console_routes.redirect_route_spec())
        # The policies come first: a route for tokens without its policy would ask for nothing.
        tokens = api_routes.token_policy_spec(args.api_tokens) if args.api_tokens else api_routes.closed_policy_spec()
        policy = create(envoy_api, "SecurityPolicy", api_routes.TOKEN_ROUTE, tokens, "gateway-authentication")
        traffic = traffic_specs.backend_traffic_spec(api_routes.ROUTES, args.limits, args.seconds)
        limits = create(envoy_api, "BackendTrafficPolicy", API_TRAFFIC, traffic, "gateway-rate-limits")
        child = args.platform.child_options(self, args.gateway, policy, limits)
        keys = api_routes.key_route_spec(domain, seconds)
        create(gateway_api, "HTTPRoute", api_routes.KEY_ROUTE, keys, "gateway-routing")
        create(gateway_api, "HTTPRoute", api_routes.TOKEN_ROUTE, api_routes.token_route_spec(domain, seconds))
        create(gateway_api, "HTTPRoute", api_routes.HEALTH_ROUTE, api_routes.health_route_spec(domain))
        not_found = console_routes.not_found_filter_spec()
        create(envoy_api, "HTTPRouteFilter", console_routes.NOT_FOUND_FILTER, not_found)
        if args.console_sign_in is not None:
            secret = _sign_in_secrets(name, args.console_sign_in, child)
            sign_in = console_routes.console_sign_in_spec(args.console_sign_in, secret)
            policy = create(envoy_api, "SecurityPolicy", console_routes.CONSOLE_ROUTE, sign_in)
            child = args.platform.child_options(self, args.gateway, policy)
        create(gateway_api, "HTTPRoute", console_routes.CONSOLE_ROUTE, console_routes.console_route_spec(domain))
        self.register_outputs({"api": api_host(domain), "console": console_host(domain)})


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
