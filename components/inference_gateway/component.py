"""The gateway as a whole: keys, counters, LiteLLM, and the edge in front of it."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.base import peers, valkey
from components.base.valkey import ValkeyServer
from components.inference_gateway.arguments import Extension, InferenceGatewayArgs
from components.inference_gateway.connections import declare_connections
from components.inference_gateway.counters import Counters, CountersArgs
from components.inference_gateway.credentials import GatewayCredentials, GatewayCredentialsArgs
from components.inference_gateway.edge import Edge, EdgeArgs
from components.inference_gateway.environment import SecretNames
from components.inference_gateway.litellm import LiteLlm, LiteLlmArgs
from components.inference_gateway.model_routes import ModelRoutes, ModelRoutesArgs
from components.inference_gateway.names import LITELLM, LITELLM_PORT, MIGRATION, TEAMS, api_host, console_host
from components.inference_gateway.public_routes import PublicRoutes, PublicRoutesArgs
from components.inference_gateway.sign_on import sign_on_extension
from components.inference_gateway.timeouts import edge_times

TYPE = "ai-platform:inference_gateway:InferenceGateway"


class InferenceGateway(pulumi.ComponentResource):
    """Keys, limits and one API in front of all models.

    `model_keys` are the keys that the model servers must ask for, by model name; `master_key` administers the gateway.
    Both are secret Outputs. `api_url` and `console_url` are public addresses. Routes of models depend on
    `model_gateway`, which is empty where no model is rolled out by weight.
    """

    model_keys: Mapping[str, pulumi.Output[str]]
    master_key: pulumi.Output[str]
    api_url: str
    console_url: str
    model_gateway: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: InferenceGatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        _check(args)
        child = args.platform.child_options(self)
        credentials = GatewayCredentials(
            f"{name}-credentials",
            GatewayCredentialsArgs(
                platform=args.platform,
                models=tuple(model.name for model in args.models),
                database=args.database,
                cache_password=args.cache.password,
            ),
            child,
        )
        counters = Counters(f"{name}-counters", CountersArgs(cluster=args.cluster, platform=args.platform), child)
        secrets = SecretNames(
            keys=credentials.keys_secret,
            database=credentials.database_secret,
            models=credentials.models_secret,
            cache=credentials.cache_secret,
            counters=counters.secret,
        )
        LiteLlm(
            f"{name}-litellm",
            LiteLlmArgs(
                gateway=args,
                secrets=secrets,
                counters_host=counters.server.host,
                counters=counters.stateful_set,
                extension=_sign_on(args),
            ),
            child,
        )
        self._edge(name, args, counters, child)
        _declare_connections(args, counters.server)
        self.model_keys, self.master_key = credentials.model_keys, credentials.master_key
        self.api_url = f"https://{api_host(args.platform.domain)}/v1"
        self.console_url = f"https://{console_host(args.platform.domain)}/ui/"
        self.register_outputs({"apiUrl": self.api_url, "consoleUrl": self.console_url})

    def _edge(self, name: str, args: InferenceGatewayArgs, counters: Counters, opts: pulumi.ResourceOptions) -> None:
        edge = Edge(
            f"{name}-edge",
            EdgeArgs(
                counters=counters,
                limits=args.edge_limits,
                cluster=args.cluster,
                platform=args.platform,
                charts=args.charts,
                minimum_tls_version=args.minimum_tls_version,
                drain_seconds=args.routing.timeouts.stream,
            ),
            opts,
        )
        PublicRoutes(
            f"{name}-routes",
            PublicRoutesArgs(
                platform=args.platform,
                gateway=edge.gateway,
                limits=args.edge_limits,
                seconds=edge_times(args.routing.timeouts, args.routing.fallbacks),
                api_tokens=args.api_tokens,
                console_sign_in=args.console_sign_in,
            ),
            opts,
        )
        self.model_gateway = _model_gateway(name, args, edge, opts)


def _model_gateway(
    name: str, args: InferenceGatewayArgs, edge: Edge, opts: pulumi.ResourceOptions
) -> tuple[pulumi.Resource, ...]:
    """The internal gateway, where a model is rolled out by weight."""
    if not any(model.weighted for model in args.models):
        return ()
    routes = ModelRoutesArgs(
        cluster=args.cluster,
        platform=args.platform,
        edge=edge.gateway,
        drain_seconds=args.routing.timeouts.stream,
    )
    return (ModelRoutes(f"{name}-model-routes", routes, opts).gateway,)


def _sign_on(args: InferenceGatewayArgs) -> Extension:
    if args.api_tokens is None:
        return Extension()
    return sign_on_extension(
        args.api_tokens, args.teams, max_parallel_requests=args.routing.max_parallel_requests_per_key
    )


def _check(args: InferenceGatewayArgs) -> None:
    """Raises ValueError for arguments that no gateway can be made from."""
    if not args.models:
        message = "models: the gateway has no model to serve; add one"
        raise ValueError(message)
    minimum, maximum = args.replicas
    if not 2 <= minimum <= maximum:  # noqa: PLR2004
        message = f"gateway.replicas: {minimum} to {maximum} is no range of at least 2 replicas"
        raise ValueError(message)


def _declare_connections(args: InferenceGatewayArgs, counters: ValkeyServer) -> None:
    """Who reaches LiteLLM, and what LiteLLM reaches beside the models, which declare themselves."""
    wiring = args.platform.wiring
    for client in (peers.EDGE_PROXY, peers.PROMETHEUS):
        wiring.allow(client, LITELLM, LITELLM_PORT)
    wiring.allow(LITELLM, counters.peer, valkey.PORT)
    wiring.allow(LITELLM, args.cache.peer, args.cache.port)
    for client in (LITELLM, MIGRATION):
        wiring.allow(client, args.database.peer, args.database.port)
    if args.api_tokens is not None:
        for client in (LITELLM, peers.EDGE_PROXY):
            wiring.allow(client, args.api_tokens.peer, args.api_tokens.port)
    if args.teams:
        wiring.allow(TEAMS, LITELLM, LITELLM_PORT)
    declare_connections(args, wiring)
