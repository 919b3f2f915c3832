"""Every object of every shipped stack, judged by a real API server: schema, admission, and pods by Pod Security."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.base.node_pools import NodePool
from components.base.operator_objects import OPERATOR_OBJECTS
from tests.simulated.test_local_stack import crd_folders
from tests.stacks.conftest import STACKS, rendered_stack
from tools.deploy.pod_templates import template_pods
from tools.render.api_groups import is_custom
from tools.render.manifests import manifest
from tools.simulator.cluster import SimulatedCluster

pytestmark = [pytest.mark.simulated, pytest.mark.xdist_group("accepted-objects")]

SYSTEM = NodePool(name="system", role="system", cpu=4, memory_gib=16, min_nodes=1, max_nodes=1)

RUNTIME_CLASSES = [
    {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": made.name}, "handler": made.name}
    for made in OPERATOR_OBJECTS
    if made.kind == "RuntimeClass"
]
"""What a substrate brings along and pods name."""


@pytest.fixture(scope="module", params=STACKS)
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any]]:
    """A cluster that holds the namespaces and definitions of one stack, and nothing else of it."""
    cluster = SimulatedCluster(tmp_path_factory.mktemp(f"accept-{request.param}"))
    try:
        cluster.start((SYSTEM,))
        found = documents(request.param)
        cluster.install_crds(found, crd_folders())
        first = [item for item in found if item["kind"] in {"Namespace", "PriorityClass", "StorageClass"}]
        assert cluster.kubectl.apply([*first, *RUNTIME_CLASSES]).warnings == ()
        yield request.param, cluster
    finally:
        cluster.remove()


def documents(name: str) -> list[dict[str, Any]]:
    return [manifest(resource) for resource in rendered_stack(name).objects]


def test_every_core_object_is_accepted_without_a_warning(stack: tuple[str, SimulatedCluster]) -> None:
    name, cluster = stack
    core = [item for item in documents(name) if not is_custom(item)]
    completed = cluster.kubectl.apply(core, dry_run=True)
    assert completed.warnings == ()
    assert len(completed.lines) == len(core)


def test_every_pod_template_is_accepted_as_a_pod_without_a_warning(stack: tuple[str, SimulatedCluster]) -> None:
    name, cluster = stack
    core = [item for item in documents(name) if not is_custom(item)]
    cluster.kubectl.apply([item for item in core if item["kind"] in {"ServiceAccount", "ResourceQuota"}])
    pods = template_pods(documents(name))
    assert pods
    completed = cluster.kubectl.apply(pods, dry_run=True)
    assert completed.warnings == ()
    assert len(completed.lines) == len(pods)


def test_every_custom_resource_is_accepted_by_its_real_definition(stack: tuple[str, SimulatedCluster]) -> None:
    if not crd_folders():
        pytest.skip("no folder of custom resource definitions (CRDS)")
    name, cluster = stack
    custom = [item for item in documents(name) if is_custom(item)]
    assert cluster.install_crds(custom, crd_folders()).stubs == ()
    completed = cluster.kubectl.apply(custom, dry_run=True)
    assert completed.warnings == ()
    assert len(completed.lines) == len(custom)


def test_a_privileged_pod_would_have_been_refused(stack: tuple[str, SimulatedCluster], tmp_path: Path) -> None:
    _, cluster = stack
    container = {"name": "x", "image": "registry.example.org/x:1", "securityContext": {"privileged": True}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x", "namespace": "models"},
        "spec": {"containers": [container]},
    }
    completed = cluster.kubectl.run(
        "apply", "--server-side", "--dry-run=server", "--filename=-", stdin=json.dumps(pod), check=False
    )
    assert completed.returncode != 0
    assert "violates PodSecurity" in completed.stderr
