from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.stacks.conftest import rendered_stack
from tests.stacks.references import broken_references
from tools.render.graph import RenderedStack
from tools.render.manifests import manifest


def manifests(rendered: RenderedStack) -> list[dict[str, Any]]:
    return [manifest(resource) for resource in rendered.objects]


def test_every_name_that_an_object_uses_for_another_leads_somewhere(rendered: RenderedStack) -> None:
    assert broken_references(manifests(rendered)) == []


def without(kind: str) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    return lambda objects: [item for item in objects if item["kind"] != kind]


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap", "ServiceAccount", "PriorityClass", "Service", "StatefulSet"])
def test_taking_a_kind_away_is_noticed(kind: str) -> None:
    assert broken_references(without(kind)(manifests(rendered_stack("local"))))


def test_a_renamed_port_is_noticed() -> None:
    objects = copy.deepcopy(manifests(rendered_stack("local")))
    for item in objects:
        if item["kind"] == "Deployment":
            item["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"name": "other", "containerPort": 1}]
    assert any("have no port" in line for line in broken_references(objects))


def test_a_renamed_key_of_a_secret_is_noticed() -> None:
    objects = copy.deepcopy(manifests(rendered_stack("local")))
    for item in objects:
        if item["kind"] == "Secret":
            item["stringData"] = {"renamed": "x"}
    assert any("has no key" in line for line in broken_references(objects))
