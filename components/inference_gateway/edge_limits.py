"""How much the edge takes from clients, before LiteLLM counts by key, team and model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class EdgeLimits:
    """`requests_per_minute_per_address` holds for one client address, `requests_per_second` for all clients together.

    `max_request_mib` is the largest request body in MiB, `upload_seconds` how long a client may take to send it.
    `connections` is the number of open connections per proxy and listener. Both counts are kept for all proxies
    together; while the counters are away, each proxy counts addresses for itself.
    """

    requests_per_minute_per_address: int = 1200
    requests_per_second: int = 1000
    max_request_mib: int = 32
    upload_seconds: int = 300
    connections: int = 10_000
