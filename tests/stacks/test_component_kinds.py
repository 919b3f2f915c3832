"""What each component must create on each stack: a kind that goes missing takes a capability with it, silently."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.component_kinds import CHART, COMPONENTS, MONITORED, REQUIRED
from tests.stacks.conftest import STACKS, rendered_stack
from tools.deploy.settings_file import settings_of
from tools.render.graph import RenderedStack
from tools.render.stack_file import read_stack_file

ROOT = Path(__file__).parents[2]


def kinds(rendered: RenderedStack, component: str) -> Counter[str]:
    objects = {resource.urn: str(resource.inputs["kind"]) for resource in rendered.objects}
    return Counter(
        objects.get(resource.urn, resource.type)
        for resource in rendered.resources
        if rendered.component(resource) == component
    )


def required(component: str, stack: str) -> set[str]:
    return {
        kind for (name, stacks), found in REQUIRED.items() if name == component and stack in stacks for kind in found
    }


def objects(rendered: RenderedStack, kind: str) -> dict[str, dict[str, Any]]:
    found = [resource.inputs for resource in rendered.objects if resource.inputs["kind"] == kind]
    return {f"{item['metadata'].get('namespace', '')}/{item['metadata']['name']}": item for item in found}


def test_the_table_speaks_of_every_component_there_is(rendered: RenderedStack) -> None:
    there = {rendered.component(resource) for resource in rendered.resources} - {"stack"}
    assert there == set(COMPONENTS) == {component for component, _ in REQUIRED}


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_component_holds_the_kinds_it_must(component: str, rendered: RenderedStack) -> None:
    assert required(component, rendered.stack) <= kinds(rendered, component).keys()


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_component_holds_no_kind_that_the_table_leaves_out(component: str, rendered: RenderedStack) -> None:
    own_parts = {kind for kind in kinds(rendered, component) if kind.startswith(f"ai-platform:{component}:")}
    assert kinds(rendered, component).keys() - own_parts <= required(component, rendered.stack)


def test_every_model_has_each_of_its_objects(rendered: RenderedStack) -> None:
    names = rendered.outputs["models"]
    for kind in ("Service", "PodDisruptionBudget"):
        assert {f"models/{name}" for name in names} <= objects(rendered, kind).keys(), kind
    workloads = {*objects(rendered, "Deployment"), *objects(rendered, "Rollout")}
    workloads |= {address.removesuffix("-group") for address in objects(rendered, "LeaderWorkerSet")}
    assert {f"models/{name}" for name in names} <= workloads
    models = settings_of(read_stack_file(ROOT, rendered.stack)).models
    copied = [model for model in models if model.weights.hugging_face]
    assert kinds(rendered, "vllm_model")["Job"] == len(copied) > 0


def test_what_must_be_watched_is_watched(rendered: RenderedStack) -> None:
    wanted = {name for name, stacks in MONITORED.items() if rendered.stack in stacks}
    assert objects(rendered, "PodMonitor").keys() == wanted


def test_the_same_request_takes_the_same_way_on_every_stack() -> None:
    """Gateway and identity are made of the same kinds everywhere, charts and numbers apart."""
    for component in ("admission_policies", "inference_gateway", "identity", "namespaces", "network_isolation"):
        made = [set(kinds(rendered_stack(stack), component)) - {CHART} for stack in STACKS]
        assert all(one == other for one, other in pairwise(made)), component
