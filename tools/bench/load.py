"""A small load generator, a process of its own: `python -m tools.bench.load` with a Load as JSON on standard input.

Prints the seconds that each request took, in the order in which they ended, and how long all took together.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx

_ROOT = Path(__file__).resolve().parent.parent.parent
_TIMEOUT_SECONDS = 60
_SUCCESS = 200


@dataclass(frozen=True, kw_only=True)
class Load:
    """`requests` posts of `body` to `url`, `concurrency` of them at a time. `host` stands in the Host header and in
    TLS's server name where it is not that of the address; certificates are not checked."""

    url: str
    body: Mapping[str, Any]
    requests: int
    concurrency: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    host: str | None = None


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What a load brought: the seconds of each request, sorted, and of all together."""

    seconds: tuple[float, ...]
    total_seconds: float

    @property
    def per_second(self) -> float:
        """Requests per second."""
        return len(self.seconds) / self.total_seconds

    def quantile(self, share: float) -> float:
        """Seconds within which this share of the requests was answered."""
        return self.seconds[min(int(share * len(self.seconds)), len(self.seconds) - 1)]


def run(load: Load) -> Answered:
    """Put `load` on a server. Raises CalledProcessError when a request is not answered by 200."""
    completed = subprocess.run(
        [sys.executable, "-m", "tools.bench.load"],
        input=json.dumps(asdict(load)),
        capture_output=True,
        text=True,
        check=True,
        cwd=_ROOT,
    )
    seconds, total = json.loads(completed.stdout)
    return Answered(seconds=tuple(sorted(seconds)), total_seconds=total)


async def _measure(load: Load) -> tuple[list[float], float]:
    limits = httpx.Limits(max_connections=load.concurrency, max_keepalive_connections=load.concurrency)
    headers = {**load.headers, **({"Host": load.host} if load.host else {})}
    extensions = {"sni_hostname": load.host} if load.host else {}
    waiting = iter(range(load.requests))
    seconds: list[float] = []
    # The address is loopback and the certificate made for this run.
    async with httpx.AsyncClient(limits=limits, timeout=_TIMEOUT_SECONDS, verify=False) as client:  # noqa: S501

        async def work() -> None:
            for _ in waiting:
                started = time.perf_counter()
                answer = await client.post(load.url, json=load.body, headers=headers, extensions=extensions)
                seconds.append(time.perf_counter() - started)
                if answer.status_code != _SUCCESS:
                    sys.exit(f"{load.url} answered {answer.status_code}: {answer.text[:500]}")

        began = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(load.concurrency)))
        return seconds, time.perf_counter() - began


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_measure(Load(**json.load(sys.stdin))))))
