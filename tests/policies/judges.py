"""The judges of second opinions, and the pods of the shipped stacks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from policies.subjects import Subject, subjects_of
from tests.stacks.conftest import rendered_stack
from tools.policy_judges.binaries import POD_SECURITY, Judges, ensure_judges, module_sources

Json = dict[str, Any]


def need_go() -> None:
    if shutil.which("go") is None:
        pytest.skip("the Go tool chain, which builds the other judges, is not on PATH")


@cache
def judges() -> Judges:
    need_go()
    return ensure_judges(lambda _: None)


@cache
def pod_security_fixtures() -> Path:
    """The labelled pods that the reference checker is tested with, in the folder of its module."""
    need_go()
    return module_sources(POD_SECURITY) / "test" / "testdata"


def stack_pods(stack: str) -> Iterator[tuple[Subject, Json]]:
    """Every pod template of a stack as a Pod, with the object that it is from."""
    for resource in rendered_stack(stack).as_graph()["resources"]:
        for subject in subjects_of(resource):
            for number, pod in enumerate(subject.pods):
                template: Any = pod.field.plain()
                metadata = {"name": f"{subject.name}-{number}", **(template.get("metadata") or {})}
                yield subject, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
