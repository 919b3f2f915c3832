"""The whole of config.yaml, and how it is written down."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from components.inference_gateway.arguments import GatewayModel, Routing
from components.inference_gateway.extension import Extension
from components.inference_gateway.litellm_config.callbacks import callback_settings, litellm_settings
from components.inference_gateway.litellm_config.general import general_settings
from components.inference_gateway.litellm_config.guardrails import guardrail_list
from components.inference_gateway.litellm_config.models import model_list
from components.inference_gateway.litellm_config.routing import router_settings


def config_text(
    models: Iterable[GatewayModel],
    routing: Routing,
    *,
    counters_host: str,
    cache_port: int,
    max_replicas: int,
    extension: Extension | None = None,
) -> str:
    """config.yaml as text; the same arguments give the same bytes.

    `counters_host` is the Valkey that holds rate limits, `cache_port` the port of the other one, whose host and
    password LiteLLM reads from its environment. `extension` is what other parts of the gateway add.
    """
    made = config(
        models,
        routing,
        counters_host=counters_host,
        cache_port=cache_port,
        max_replicas=max_replicas,
        extension=extension,
    )
    return yaml.dump(made, Dumper=_Dumper, sort_keys=False, default_flow_style=False, width=120, allow_unicode=True)


def config(
    models: Iterable[GatewayModel],
    routing: Routing,
    *,
    counters_host: str,
    cache_port: int,
    max_replicas: int,
    extension: Extension | None = None,
) -> dict[str, Any]:
    """config.yaml as plain data; parameters as of `config_text`."""
    served, added = tuple(models), extension or Extension()
    made: dict[str, Any] = {
        "model_list": model_list(served, routing),
        "router_settings": router_settings(served, routing, counters_host),
        "litellm_settings": litellm_settings(routing, cache_port, added.callbacks),
        "general_settings": general_settings(routing, counters_host, max_replicas) | dict(added.general),
    }
    optional = {
        "callback_settings": callback_settings(routing.telemetry),
        "guardrails": [*guardrail_list(routing.guardrails), *map(dict, added.guardrails)],
    }
    return made | {key: value for key, value in optional.items() if value}


class _Dumper(yaml.SafeDumper):
    """Writes a price as 0.0000002, which a person can read; 2.0e-07 also looks like a token to secret scanners."""

    def ignore_aliases(self, data: Any) -> bool:
        """Two equal parts are written twice: a reader need not look for an anchor."""
        del data
        return True

    def represent_price(self, price: float) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:float", _plain(price))


def _plain(number: float) -> str:
    digits = f"{number:.12f}".rstrip("0")
    return f"{digits}0" if digits.endswith(".") else digits


_Dumper.add_representer(float, _Dumper.represent_price)
