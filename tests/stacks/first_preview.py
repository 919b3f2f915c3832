"""The first preview of a stack: nothing exists, so no provider says anything about any resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi

from tools.render import wire
from tools.render.graph import RenderedStack
from tools.render.monitor import RecordedResource, RecordingMonitor
from tools.render.program import render_stack
from tools.render.random_values import deterministic
from tools.render.stack_file import StackFile

OPTIONS = ("parent", "provider", "depends_on", "protect", "retain_on_delete", "ignore_changes", "aliases")


class FirstPreview(RecordingMonitor):
    """Answers with a URN alone: every id and every output is unknown to the program."""

    preview = True

    def __init__(self) -> None:
        super().__init__(deterministic)

    def answer(self, urn: str, request: Any, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Nothing."""
        del urn, request, inputs
        return "", {}


def first_preview(root: Path, stack_file: StackFile) -> RenderedStack:
    """What the program registers while nothing is known."""
    return render_stack(root, stack_file, monitor=FirstPreview())


def differences(previewed: RenderedStack, deployed: RenderedStack) -> Iterator[str]:
    """What the first preview shows otherwise than the deployment makes it; unknown values may become anything."""
    before = {resource.urn: resource for resource in previewed.resources}
    after = {resource.urn: resource for resource in deployed.resources}
    yield from (f"only in the preview: {urn}" for urn in before.keys() - after.keys())
    yield from (f"not in the preview: {urn}" for urn in after.keys() - before.keys())
    for urn in before.keys() & after.keys():
        yield from (f"{urn}: {text}" for text in _resource_differences(before[urn], after[urn]))
    yield from (f"exports: {text}" for text in _missing(previewed.outputs, deployed.outputs))


def _resource_differences(before: RecordedResource, after: RecordedResource) -> Iterator[str]:
    for option in OPTIONS:
        if getattr(before, option) != getattr(after, option):
            yield f"{option}: {getattr(before, option)} is not {getattr(after, option)}"
    known, final = wire.clear(before.inputs), wire.clear(after.inputs)
    # An object without a name is named by its provider.
    if "name" not in (known.get("metadata") or {}) and "metadata" in final:
        final = {**final, "metadata": {key: item for key, item in final["metadata"].items() if key != "name"}}
        known = {"metadata": {}, **known}
    yield from _value_differences(known, final, "")


def _value_differences(before: Any, after: Any, path: str) -> Iterator[str]:
    if isinstance(before, pulumi.output.Unknown):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from (f"{path}: {text}" for text in _missing(before, after))
        for key in before.keys() & after.keys():
            yield from _value_differences(before[key], after[key], f"{path}.{key}")
    elif _is_list(before) and _is_list(after) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _value_differences(one, other, f"{path}[{index}]")
    elif before != after:
        yield f"{path}: {before!r} is not {after!r}"


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _missing(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    if before.keys() != after.keys():
        yield f"keys {sorted(before)} are not {sorted(after)}"
