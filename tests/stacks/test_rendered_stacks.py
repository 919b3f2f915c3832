"""What holds for every object of every shipped stack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from components.base.capabilities import CAPABILITIES
from components.base.capabilities.evaluation import evaluate
from components.base.capabilities.resources import records_of
from tests.stacks.conftest import ROOT
from tools.deploy.settings_file import settings_of
from tools.render import wire
from tools.render.graph import RenderedStack
from tools.render.stack_file import read_stack_file

WIRING_DETAILS = {"protocol": str, "lastPort": int}
"""Of edges that are not TCP, and of those that span several ports."""

GRAPH_FIELDS = {
    "urn": str,
    "type": str,
    "name": str,
    "inputs": dict,
    "parent": str,
    "provider": str,
    "dependsOn": list,
    "protect": bool,
    "retainOnDelete": bool,
    "ignoreChanges": list,
    "aliases": list,
    "component": str,
    "capabilities": list,
    "secretPaths": list,
}
"""A resource of graph.json, version 1. Readers build on it: another field or type is another version."""

SECRET_TYPES = ("kubernetes:core/v1:Secret", "random:index/", "pulumi:providers:", "command:remote:", "aws:")
"""Types that may hold a secret: Secrets, what generates them, and providers and SSH connections that log in."""


RENDER = """
import sys
from pathlib import Path
from tools.render.graph import write_graph
from tools.render.manifests import write_manifests
from tools.render.program import render_stack
from tools.render.stack_file import read_stack_file
root, folder = Path(sys.argv[1]), Path(sys.argv[2])
rendered = render_stack(root, read_stack_file(root, "prod"))
write_graph(rendered, folder / "graph.json")
write_manifests(rendered, folder / "manifests")
"""


def test_two_processes_render_the_same_bytes_whatever_their_hash_seed_and_time_zone(tmp_path: Path) -> None:
    surroundings = {"one": ("1", "Pacific/Kiritimati"), "two": ("2", "America/Los_Angeles")}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", RENDER, str(ROOT), str(tmp_path / name)],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed, "TZ": zone},
        )
        for name, (seed, zone) in surroundings.items()
    ]
    assert [process.wait() for process in running] == [0, 0]
    one, two = (sorted((tmp_path / name).rglob("*.*")) for name in surroundings)
    assert [path.relative_to(tmp_path / "one") for path in one] == [path.relative_to(tmp_path / "two") for path in two]
    assert len(one) > 100
    assert all(first.read_bytes() == second.read_bytes() for first, second in zip(one, two, strict=True))


def test_the_graph_has_exactly_the_fields_of_its_version(rendered: RenderedStack) -> None:
    graph = json.loads(json.dumps(rendered.as_graph()))
    assert set(graph) == {"version", "project", "stack", "resources", "wiring"}
    assert (graph["version"], graph["project"], graph["stack"]) == (1, "ai-platform", rendered.stack)
    for resource in graph["resources"]:
        assert {field: type(value) for field, value in resource.items()} == GRAPH_FIELDS, resource["urn"]
    for edge in graph["wiring"]:
        shape = {field: type(value) for field, value in edge.items()}
        assert shape | WIRING_DETAILS == {"from": str, "to": str, "port": int} | WIRING_DETAILS
    assert len(graph["resources"]) > 100
    assert len(graph["wiring"]) > 10


def test_no_secret_reaches_an_object_that_is_not_made_for_secrets(rendered: RenderedStack) -> None:
    leaks = [
        f"{resource.urn}: {path}"
        for resource in rendered.resources
        if not resource.type.startswith(SECRET_TYPES)
        for path in wire.secret_paths(resource.inputs)
    ]
    assert leaks == []


def test_no_secret_value_stands_in_clear_in_the_graph(rendered: RenderedStack) -> None:
    values = {
        str(text) for resource in rendered.resources for text in _secret_texts(resource.inputs) if len(str(text)) >= 16
    }
    assert values
    graph = json.dumps(rendered.as_graph())
    assert not [value for value in values if json.dumps(value)[1:-1] in graph]


def _secret_texts(value: object, inside: bool = False) -> list[object]:
    if wire.is_secret(value):
        return _secret_texts(value["value"], True)  # type: ignore[index]
    if isinstance(value, dict):
        return [text for item in value.values() for text in _secret_texts(item, inside)]
    if isinstance(value, list):
        return [text for item in value for text in _secret_texts(item, inside)]
    return [value] if inside and isinstance(value, str) else []


def test_every_object_says_where_it_lives_and_nothing_lives_in_default(rendered: RenderedStack) -> None:
    namespaces = {item.inputs["metadata"]["name"] for item in rendered.objects if item.inputs["kind"] == "Namespace"}
    for resource in rendered.objects:
        namespace = resource.inputs["metadata"].get("namespace")
        assert namespace is None or namespace in {*namespaces, "kube-system"}, resource.urn


def test_every_resource_belongs_to_a_component_or_is_a_provider(rendered: RenderedStack) -> None:
    outside = [item.urn for item in rendered.resources if rendered.component(item) == "stack"]
    assert all("pulumi:providers:" in urn for urn in outside), outside


def test_every_pod_carries_the_environment(rendered: RenderedStack) -> None:
    for resource in rendered.objects:
        if resource.inputs["kind"] in {"Deployment", "StatefulSet", "DaemonSet"}:
            labels = resource.inputs["spec"]["template"]["metadata"]["labels"]
            assert labels["ai-platform/environment"] == rendered.stack, resource.urn


def test_resources_claim_capabilities_of_the_catalogue_that_are_proved(rendered: RenderedStack) -> None:
    graph = rendered.as_graph()
    claimed = {capability for item in graph["resources"] for capability in item["capabilities"]}
    evaluation = evaluate(records_of(graph))
    assert evaluation is not None
    proved = {provision.specification.name for provision in evaluation.provisions if provision.provided}
    assert len(claimed) > 20
    assert claimed <= proved <= set(CAPABILITIES)


def test_exports_are_what_a_person_needs_next(rendered: RenderedStack) -> None:
    settings = settings_of(read_stack_file(ROOT, rendered.stack))
    assert rendered.outputs["apiUrl"] == f"https://api.{settings.domain}/v1"
    assert rendered.outputs["models"] == [model.name for model in settings.models]
    assert "[secret]" not in json.dumps(rendered.outputs)
