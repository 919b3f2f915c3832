"""Graphs of the shipped stacks, and graphs that differ from them in one resource or one property."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.policies.cases import keys
from tools.render.program import render_stack
from tools.render.stack_file import read_stack_file

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]


@cache
def graph_of(stack: str) -> Json:
    """The graph of a shipped stack. Not to be changed: change copies."""
    return json.loads(json.dumps(render_stack(ROOT, read_stack_file(ROOT, stack)).as_graph()))


def without(graph: Mapping[str, Any], urn: str) -> Json:
    """The graph without one resource."""
    return {**graph, "resources": [item for item in graph["resources"] if item["urn"] != urn]}


def changed(graph: Mapping[str, Any], urn: str, change: Callable[[Json], None]) -> Json:
    """The graph with one resource changed."""
    resources: list[Json] = []
    for resource in graph["resources"]:
        kept = copy.deepcopy(resource) if resource["urn"] == urn else resource
        if kept is not resource:
            change(kept)
        resources.append(kept)
    return {**graph, "resources": resources}


def with_value(graph: Mapping[str, Any], urn: str, path: str, value: Any) -> Json:
    """The graph with another value at `path` of one resource."""

    def put(resource: Json) -> None:
        *parents, last = keys(path)
        place = resource["inputs"]
        for key in parents:
            place = place[key] if isinstance(key, int) else place.setdefault(key, {})
        place[last] = value

    return changed(graph, urn, put)


def urn_of(graph: Mapping[str, Any], kind: str, name: str) -> str:
    """URN of the only resource whose type ends with `kind` and whose logical name is `name`."""
    (found,) = [item["urn"] for item in graph["resources"] if item["type"].endswith(kind) and item["name"] == name]
    return found
