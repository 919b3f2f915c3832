"""Time limits of the layers around LiteLLM, derived from its own: the inner one always gives up first.

An outer layer that gives up first answers with a bare 504, while the model keeps working for nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from components.inference_gateway.arguments import Timeouts

_MARGIN_SECONDS = 10

MAX_FALLBACKS = 5
"""Fallbacks that LiteLLM tries for one request (`router_settings.max_fallbacks`, its default)."""

ENDPOINT_REMOVAL_SECONDS = 15
"""A terminating pod keeps accepting for this long, until every Envoy has stopped sending to it."""


@dataclass(frozen=True, kw_only=True)
class EdgeSeconds:
    """Limits at the edge, in seconds: `request` from when a request is there in whole to the end of its answer,
    `silence` between two bytes of the answer."""

    request: int
    silence: int


def edge_times(timeouts: Timeouts, fallbacks: Mapping[str, tuple[str, ...]]) -> EdgeSeconds:
    """Time limits at the edge, each longer than what LiteLLM takes at most."""
    return EdgeSeconds(
        request=edge_seconds(timeouts, fallbacks),
        silence=timeouts.request * _attempts(fallbacks) + _MARGIN_SECONDS,
    )


def edge_seconds(timeouts: Timeouts, fallbacks: Mapping[str, tuple[str, ...]]) -> int:
    """Limit of a whole request at the edge.

    A request that times out is not retried on the same model, but each of its fallbacks may use the full time again.
    """
    return max(timeouts.stream, timeouts.request * _attempts(fallbacks)) + _MARGIN_SECONDS


def grace_seconds(timeouts: Timeouts) -> int:
    """`terminationGracePeriodSeconds` of a LiteLLM pod: leave the endpoints, finish streams, write spend to the
    database."""
    return ENDPOINT_REMOVAL_SECONDS + timeouts.stream + _MARGIN_SECONDS


def _attempts(fallbacks: Mapping[str, tuple[str, ...]]) -> int:
    return 1 + max((_reachable(model, fallbacks) for model in fallbacks), default=0)


def _reachable(model: str, fallbacks: Mapping[str, tuple[str, ...]]) -> int:
    """Models that a request for `model` may be handed on to: fallbacks of fallbacks count too."""
    found: set[str] = set()
    waiting = [*fallbacks[model]]
    while waiting:
        target = waiting.pop()
        if target not in found:
            found.add(target)
            waiting.extend(fallbacks.get(target, ()))
    return min(len(found), MAX_FALLBACKS)
