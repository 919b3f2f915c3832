"""The resource graph on disk (graph.json), read and checked before anything is judged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

VERSION = 1

_TEXTS = ("project", "stack")
_RESOURCE_TEXTS = ("urn", "type", "name")


class GraphError(ValueError):
    """The graph cannot be judged; the message is one line that says what is wrong and what to do."""


def read_graph(path: Path) -> dict[str, Any]:
    """Read and check a graph file. Raises GraphError."""
    try:
        graph: object = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror}); run make render first"
        raise GraphError(message) from error
    except ValueError as error:
        message = f"{path}: is not JSON ({error}), perhaps cut short; run make render again"
        raise GraphError(message) from error
    try:
        check_graph(graph)
    except GraphError as error:
        message = f"{path}: {error}"
        raise GraphError(message) from error
    return cast("dict[str, Any]", graph)


def check_graph(graph: object) -> None:
    """Check that a graph has the version and the shape that rules rely on. Raises GraphError with the key path."""
    if not isinstance(graph, Mapping):
        _refuse("the file", "must hold an object")
    members = cast("Mapping[str, Any]", graph)
    if members.get("version") != VERSION:
        _refuse("version", f"must be {VERSION}, this graph was written by another release; run make render again")
    for key in _TEXTS:
        if not isinstance(members.get(key), str):
            _refuse(key, "must be a string")
    resources: object = members.get("resources")
    if not isinstance(resources, list):
        _refuse("resources", "must be a list")
    for index, resource in enumerate(cast("list[object]", resources)):
        _check_resource(resource, f"resources[{index}]")


def _check_resource(resource: object, place: str) -> None:
    if not isinstance(resource, Mapping):
        _refuse(place, "must be an object")
    members = cast("Mapping[str, Any]", resource)
    for key in _RESOURCE_TEXTS:
        if not isinstance(members.get(key), str):
            _refuse(f"{place}.{key}", "must be a string")
    if not isinstance(members.get("inputs"), Mapping):
        _refuse(f"{place}.inputs", "must be an object")
    paths: object = members.get("secretPaths") or []
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in cast("list[object]", paths)):
        _refuse(f"{place}.secretPaths", "must be a list of property paths")


def _refuse(place: str, problem: str) -> None:
    message = f"{place}: {problem}"
    raise GraphError(message)
