"""Renders the local stack with many models: shows how time and memory grow with their number.

Run as `python -m tools.bench.many_models <number> [<folder for the graph>]`, in a process of its own, so that its
memory can be measured.
"""

from __future__ import annotations

import json
import sys
import tempfile
from math import ceil
from pathlib import Path
from typing import Any

from tools.render.graph import write_graph
from tools.render.manifests import write_manifests
from tools.render.program import render_stack
from tools.render.stack_file import StackFile, read_stack_file

_PLATFORM = "ai-platform:platform"
_ROOT = Path(__file__).resolve().parent.parent.parent


def stack_of(root: Path, number: int) -> StackFile:
    """The local stack with `number` copies of its one-GPU models in turn, and as many nodes as they need."""
    stack = read_stack_file(root, "local")
    platform: dict[str, Any] = json.loads(stack.values[_PLATFORM])
    platform["cluster"]["pools"] = [_large_enough(pool, number) for pool in platform["cluster"]["pools"]]
    samples = [_plain(model) for model in platform["models"] if model["gpu"] == {"pool": "l40s", "count": 1}]
    platform["models"] = [
        samples[index % len(samples)] | {"name": f"model-{index:04d}", "replicas": {"min": 1, "max": 1}}
        for index in range(number)
    ]
    # What names single models of the stack is left out with them.
    platform["gateway"] = {key: platform["gateway"][key] for key in ("tiers", "replicas")}
    platform["teams"] = [{key: team[key] for key in team if key != "models"} for team in platform["teams"]]
    return StackFile(
        project=stack.project,
        stack="many",
        values={**stack.values, _PLATFORM: json.dumps(platform)},
        secret_keys=stack.secret_keys,
    )


def _large_enough(pool: dict[str, Any], models: int) -> dict[str, Any]:
    if pool["name"] != "l40s":
        return pool
    nodes = ceil(models / pool["gpusPerNode"])
    return pool | {"nodes": {"min": nodes, "max": nodes}}


def _plain(model: dict[str, Any]) -> dict[str, Any]:
    """The model without what is unique to it."""
    return {key: value for key, value in model.items() if key not in {"adapters", "aliases", "rollout", "scaling"}}


def main(number: int, kept: Path | None = None) -> None:
    """Render the stack and write it, the graph to the folder `kept`, the rest to one that is thrown away."""
    rendered = render_stack(_ROOT, stack_of(_ROOT, number))
    with tempfile.TemporaryDirectory() as folder:
        write_graph(rendered, (kept or Path(folder)) / "graph.json")
        write_manifests(rendered, Path(folder) / "manifests")


if __name__ == "__main__":
    main(int(sys.argv[1]), *map(Path, sys.argv[2:]))
