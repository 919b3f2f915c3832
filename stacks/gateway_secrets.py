"""Keys that the gateway needs for what lies outside the platform, from the stack's secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial

import pulumi

from components.inference_gateway.connections import LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY, OTLP_HEADERS
from stacks.schema.gateway import GatewaySettings
from stacks.secrets import Secrets, required_secret

_EXTERNAL = "externalApiKeys"


def external_keys(gateway: GatewaySettings, secrets: Secrets) -> Mapping[str, pulumi.Output[str]]:
    """Keys of the external models, by their names. Raises pulumi.RunError where the secret is not set."""
    if not gateway.external:
        return {}
    every = required_secret(secrets.external_api_keys, _EXTERNAL, "gateway.external")
    return {model.name: every.apply(partial(_key_of, model.name)) for model in gateway.external}


def _key_of(name: str, text: str) -> str:
    """One key out of the secret, whose text stands in no message."""
    if text.startswith(f"[{_EXTERNAL},"):
        # The placeholder of a render, which knows no secrets.
        return text
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    key = found.get(name) if isinstance(found, dict) else None
    if not isinstance(key, str) or not key:
        message = f'{_EXTERNAL}: must be a JSON object of keys by external model, such as {{"{name}": "..."}}'
        raise pulumi.RunError(message)
    return key


def telemetry_keys(gateway: GatewaySettings, secrets: Secrets) -> Mapping[str, pulumi.Output[str]]:
    """Variables of LiteLLM with the keys of the collectors. Raises pulumi.RunError where Langfuse's are not set."""
    found: dict[str, pulumi.Output[str]] = {}
    if gateway.telemetry.otlp and secrets.otlp_headers is not None:
        found[OTLP_HEADERS] = secrets.otlp_headers
    if gateway.telemetry.langfuse:
        setting = "gateway.telemetry.langfuse"
        found[LANGFUSE_PUBLIC_KEY] = required_secret(secrets.langfuse_public_key, "langfusePublicKey", setting)
        found[LANGFUSE_SECRET_KEY] = required_secret(secrets.langfuse_secret_key, "langfuseSecretKey", setting)
    return found
