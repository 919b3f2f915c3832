"""What LiteLLM connects to beside its models, counters, database and cache, where the stack asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pulumi

from components.base import peers
from components.base.wiring import Wiring
from components.inference_gateway.arguments import InferenceGatewayArgs, SemanticCache, VectorServer
from components.inference_gateway.extension import Extension
from components.inference_gateway.guardrails.judge import judge_extension
from components.inference_gateway.guardrails.presidio import address
from components.inference_gateway.litellm_config.variables import VECTORS_KEY, VECTORS_URL
from components.inference_gateway.names import (
    FORGET,
    LITELLM,
    PRESIDIO_ANALYZER_NAME,
    PRESIDIO_ANONYMIZER_NAME,
    external_key_variable,
)

OTLP_HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"
LANGFUSE_PUBLIC_KEY = "LANGFUSE_PUBLIC_KEY"
LANGFUSE_SECRET_KEY = "LANGFUSE_SECRET_KEY"  # noqa: S105 # the name of a variable

_HTTPS = 443


def connection_secrets(args: InferenceGatewayArgs) -> dict[str, pulumi.Output[str]]:
    """Keys of the connections that the stack asks for, by environment variable; empty where it asks for none.

    Raises ValueError for a connection whose key is missing.
    """
    found: dict[str, pulumi.Output[str]] = {}
    if isinstance(args.routing.cache, SemanticCache):
        found[VECTORS_KEY] = vector_server(args).api_key
    for model in args.routing.externals:
        if model.name not in args.external_keys:
            message = f"gateway.external: {model.name} has no key"
            raise ValueError(message)
        found[external_key_variable(model.name)] = args.external_keys[model.name]
    return {**found, **args.telemetry_keys}


def vector_server(args: InferenceGatewayArgs) -> VectorServer:
    """The vector store. Raises ValueError where the gateway was given none."""
    if args.vectors is None:
        message = "gateway.cache: the semantic cache needs the data layer's vector store"
        raise ValueError(message)
    return args.vectors


def connections_extension(args: InferenceGatewayArgs, secret: pulumi.Input[str] | None) -> Extension:
    """Environment and modules of the connections. `secret` is the name of the Secret with `connection_secrets`."""
    keys = connection_secrets(args)
    return Extension(
        variables=dict(_variables(args)),
        secrets={name: (secret, name) for name in keys} if secret is not None else {},
    ) + judge_extension(args.routing.guardrails.judge)


def _variables(args: InferenceGatewayArgs) -> Iterator[tuple[str, pulumi.Input[str]]]:
    routing = args.routing
    if isinstance(routing.cache, SemanticCache):
        yield VECTORS_URL, vector_server(args).url
    if routing.guardrails.presidio:
        yield "PRESIDIO_ANALYZER_API_BASE", address(PRESIDIO_ANALYZER_NAME)
        yield "PRESIDIO_ANONYMIZER_API_BASE", address(PRESIDIO_ANONYMIZER_NAME)
    if routing.telemetry.otlp_endpoint:
        yield "OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"
        yield "OTEL_EXPORTER_OTLP_ENDPOINT", routing.telemetry.otlp_endpoint
        yield "OTEL_SERVICE_NAME", "litellm"
        yield "OTEL_ENVIRONMENT_NAME", args.platform.environment
    if routing.telemetry.langfuse_host:
        yield "LANGFUSE_OTEL_HOST", routing.telemetry.langfuse_host
        yield "LANGFUSE_TRACING_ENVIRONMENT", args.platform.environment


def declare_connections(args: InferenceGatewayArgs, wiring: Wiring) -> None:
    """Declare the connections in `wiring`; none is open that the stack did not ask for."""
    if isinstance(args.routing.cache, SemanticCache):
        store = vector_server(args)
        for client in (LITELLM, FORGET):
            wiring.allow(client, store.peer, store.port)
    if args.routing.externals:
        wiring.allow(LITELLM, peers.INTERNET, _HTTPS)
    for peer, port in args.routing.telemetry.peers:
        wiring.allow(LITELLM, peer, port)
