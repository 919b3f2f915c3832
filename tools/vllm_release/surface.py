"""The part of a release that this repository relies on, and the file that keeps it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "tests" / "data" / "vllm_options.json"
"""The committed lists."""

_SAMPLES = {"counter": ("_total", "_created"), "histogram": ("_bucket", "_sum", "_count", "_created")}
"""Endings that the Prometheus client adds, by kind of metric. A gauge keeps its name."""


@dataclass(frozen=True, kw_only=True)
class Surface:
    """`flags` of `vllm serve`, with `--no-` forms of switches. `choices`: names of the type aliases that limit a flag's
    value, with their values. `metrics`: name to kind, as declared; `samples` are the names that Prometheus sees."""

    version: str
    sha256: str
    flags: tuple[str, ...]
    choices: dict[str, tuple[str | int, ...]]
    tool_parsers: tuple[str, ...]
    reasoning_parsers: tuple[str, ...]
    variables: tuple[str, ...]
    routes: tuple[str, ...]
    metrics: dict[str, str]

    @property
    def samples(self) -> frozenset[str]:
        """Names of time series that a server of this release has."""
        return frozenset(
            name.removesuffix("_total") + ending if kind == "counter" else name + ending
            for name, kind in self.metrics.items()
            for ending in _SAMPLES.get(kind, ("",))
        )


def read_surface(file: Path = FILE) -> Surface:
    """The committed lists."""
    found = json.loads(file.read_text("utf-8"))
    return Surface(
        version=found["version"],
        sha256=found["sha256"],
        flags=tuple(found["flags"]),
        choices={name: tuple(values) for name, values in found["choices"].items()},
        tool_parsers=tuple(found["tool_parsers"]),
        reasoning_parsers=tuple(found["reasoning_parsers"]),
        variables=tuple(found["variables"]),
        routes=tuple(found["routes"]),
        metrics=dict(found["metrics"]),
    )


def write_surface(surface: Surface, file: Path = FILE) -> None:
    """Write the lists, one entry a line, so that a new release is a readable difference."""
    file.write_text(json.dumps(asdict(surface), indent=1) + "\n", "utf-8")
