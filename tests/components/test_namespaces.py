from __future__ import annotations

import pytest

from components.base.namespaces import NAMESPACES
from components.namespaces import Namespaces, NamespacesArgs
from tests.components.surroundings import GPU_POOL, SYSTEM_POOL, Built, build


@pytest.fixture(scope="module")
def built() -> Built:
    return build(
        lambda s: Namespaces(
            "platform", NamespacesArgs(environment="test", pools=(SYSTEM_POOL, GPU_POOL), namespaces=NAMESPACES), s.opts
        )
    )


def test_every_namespace_enforces_a_pinned_pod_security_level(built: Built) -> None:
    objects = {item["metadata"]["name"]: item["metadata"] for item in built.objects("Namespace")}
    assert set(objects) == {namespace.name for namespace in NAMESPACES}
    for namespace in NAMESPACES:
        labels = objects[namespace.name]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == namespace.level
        assert labels["pod-security.kubernetes.io/enforce-version"] == "v1.35"
        if namespace.level != "restricted":
            assert objects[namespace.name]["annotations"]["ai-platform/pod-security-reason"]


def test_models_may_use_every_gpu_of_the_pools_and_other_namespaces_none(built: Built) -> None:
    quotas = {item["metadata"]["namespace"]: item["spec"]["hard"] for item in built.objects("ResourceQuota")}
    assert quotas["models"] == {"requests.nvidia.com/gpu": "8"}
    assert quotas["data"] == {"requests.nvidia.com/gpu": "0"}
    assert "gpu-operator" not in quotas


def test_there_are_three_priority_classes_and_only_batch_never_preempts(built: Built) -> None:
    policies = {item["metadata"]["name"]: item["preemptionPolicy"] for item in built.objects("PriorityClass")}
    assert policies == {
        "platform-critical": "PreemptLowerPriority",
        "platform-standard": "PreemptLowerPriority",
        "platform-batch": "Never",
    }


def test_quotas_wait_for_their_namespace(built: Built) -> None:
    quotas = [resource for resource in built.rendered.resources if resource.type.endswith(":ResourceQuota")]
    assert quotas
    assert all(any(":Namespace::" in urn for urn in quota.depends_on) for quota in quotas)
