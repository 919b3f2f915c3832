"""Finding containers and their variables in workloads, for several nouns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from components.base.capabilities.facets import UNKNOWN
from components.base.capabilities.resources import Key, Record

CONTAINERS: tuple[Key, ...] = ("spec", "template", "spec", "containers")


def container(index: int = 0) -> tuple[Key, ...]:
    """Keys of a container of a workload."""
    return (*CONTAINERS, index)


def variable(workload: Record, name: str, index: int = 0) -> tuple[Key, ...]:
    """Keys of an environment variable."""
    return workload.place(*container(index), "env", name=name)


def from_secret(workload: Record, name: str, index: int = 0) -> tuple[Key, ...]:
    """Keys of the name of the Secret that an environment variable comes from."""
    return (*variable(workload, name, index), "valueFrom", "secretKeyRef", "name")


def argument(workload: Record, prefix: str, index: int = 0) -> tuple[Key, ...]:
    """Keys of the first argument that starts so; one past the end without one."""
    return workload.starting(prefix, *container(index), "args")


def exceeds(least: Any) -> Callable[[Any], Any]:
    """Whether a number is larger than `least`: UNKNOWN while that is, and no where it is no number."""
    if least is UNKNOWN:
        return lambda _: UNKNOWN
    return lambda most: isinstance(most, (int, float)) and isinstance(least, (int, float)) and most > least
