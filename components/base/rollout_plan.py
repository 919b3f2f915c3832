"""How a new version of a model takes over, where that is more than one replica after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class UpdateWindow:
    """A time of the week: `minutes` from `start`, which counts minutes since Monday 00:00 UTC."""

    start: int
    minutes: int


@dataclass(frozen=True, kw_only=True)
class RolloutPlan:
    """A canary, or a second set of replicas (blue-green).

    `weights` are the canary's shares of the requests in per cent, growing to 100. `pause_seconds` is the least time at
    each. The new version is good enough while at most `error_rate` of its requests fail and 95 of 100 take at most
    `p95_seconds`, once it has answered `min_requests`. It begins to take requests in a window, at any time where there
    is none. `manual`: somebody promotes it for good.
    """

    strategy: Literal["canary", "blue-green"]
    weights: tuple[int, ...] = (5, 25, 50, 100)
    pause_seconds: int = 300
    error_rate: float = 0.01
    p95_seconds: float = 5.0
    min_requests: int = 20
    windows: tuple[UpdateWindow, ...] = ()
    manual: bool = False

    def surge(self, replicas: int) -> int:
        """Replicas that run beside `replicas` for a while. A canary's stable side shrinks as the canary grows, so that
        only rounding asks for one more; two full sets stand side by side in a blue-green update."""
        return 1 if self.strategy == "canary" else replicas
