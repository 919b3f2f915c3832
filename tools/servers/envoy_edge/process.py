"""Envoy as a process on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tools.servers.environments import environment
from tools.servers.envoy_edge.bootstrap import EdgeAddresses, bootstrap
from tools.servers.processes import ServerProcess

_START_SECONDS = 30


def envoy(
    folder: Path,
    objects: Iterable[Mapping[str, Any]],
    addresses: EdgeAddresses,
    *,
    certificate: Path,
    key: Path,
    namespace: str = "gateway",
) -> ServerProcess:
    """Envoy with the edge's rules, not started yet. Its `url` is that of the administration, on `addresses.admin`.

    `certificate` and `key` (PEM) are what it shows to clients. Raises what `bootstrap` and `environment` raise.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "envoy.json"
    content = bootstrap(objects, addresses, certificate=certificate, key=key, namespace=namespace)
    file.write_text(json.dumps(content, indent=1), "utf-8")
    return ServerProcess(
        name="envoy",
        command=[
            str(environment("envoy") / "bin" / "envoy"),
            *("--config-path", str(file), "--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"),
            *("--component-log-level", "misc:error"),
        ],
        folder=folder,
        ready_path="/ready",
        environment={"HOME": str(folder), "PATH": f"{environment('envoy') / 'bin'}:/usr/bin:/bin"},
        port=addresses.admin,
        start_seconds=_START_SECONDS,
    )
