"""One operator: its chart, the chart's values and who talks to its pods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from components.base.handles import ClusterHandle, ImageRegistry, PlatformContext
from components.base.namespaces import SERVING_OPERATORS, PlatformNamespace
from components.base.pins import ChartPin

NAMESPACE = PlatformNamespace(name=SERVING_OPERATORS)
"""Where the operators run; only in stacks that need one of them."""

PRIORITY = "platform-critical"
"""Without its autoscaler or its controller a model stays as it is while its users multiply."""


@dataclass(frozen=True, kw_only=True)
class Operator:
    """`suffix` is the last part of the chart's logical name. `values` makes the chart's values, `connect` declares the
    connections of its pods."""

    suffix: str
    pin: ChartPin
    values: Callable[[ImageRegistry], Mapping[str, Any]]
    connect: Callable[[ClusterHandle, PlatformContext], None]
