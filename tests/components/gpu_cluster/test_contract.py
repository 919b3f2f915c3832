"""What holds for every kind of cluster: the same handle, whatever it runs on."""

from __future__ import annotations

import dataclasses
import re

import pytest

from components.base.handles import ClusterHandle
from tests.components.gpu_cluster.clusters import IMPLEMENTATIONS, POOLS, BuiltCluster, build_cluster

SUBSTRATE_WORDS = re.compile(r"k3s|eks|aws|ebs|amazon|rancher|existing", re.IGNORECASE)


@pytest.fixture(scope="module", params=sorted(IMPLEMENTATIONS))
def built(request: pytest.FixtureRequest) -> BuiltCluster:
    return build_cluster(IMPLEMENTATIONS[request.param])


def test_the_handle_has_every_field_of_the_contract(built: BuiltCluster) -> None:
    handle = built.cluster.handle
    assert type(handle) is ClusterHandle
    unset = {field.name for field in dataclasses.fields(handle) if getattr(handle, field.name) is None}
    assert unset <= {"runtime_class", "metrics_sink", "credentials"}


def test_pools_labels_and_taints_are_those_of_the_settings(built: BuiltCluster) -> None:
    handle = built.cluster.handle
    assert handle.pools == POOLS
    assert handle.pool("l40s").labels == {"ai-platform/pool": "l40s", "ai-platform/role": "gpu"}
    assert [taint.key for taint in handle.pool("l40s").taints] == ["nvidia.com/gpu"]
    assert handle.pool("system").taints == ()


def test_storage_classes_of_the_handle_exist_and_only_the_retained_one_outlives_its_claim(built: BuiltCluster) -> None:
    storage = built.cluster.handle.storage
    classes = {
        resource.inputs["metadata"]["name"]: resource.inputs for resource in built.of_type(":StorageClass").values()
    }
    assert {storage.fast, storage.retained} == set(classes)
    assert classes[storage.fast]["reclaimPolicy"] == "Delete"
    assert classes[storage.retained]["reclaimPolicy"] == "Retain"


def test_no_storage_class_becomes_the_clusters_default(built: BuiltCluster) -> None:
    classes = built.of_type(":StorageClass")
    assert classes
    for resource in classes.values():
        assert "storageclass.kubernetes.io/is-default-class" not in resource.inputs["metadata"].get("annotations", {})


def test_a_kubernetes_provider_is_handed_on_and_is_never_replaced_by_a_changed_kubeconfig(built: BuiltCluster) -> None:
    providers = built.of_type("pulumi:providers:kubernetes")
    assert list(providers) == ["cluster-kubernetes"]
    assert providers["cluster-kubernetes"].inputs["clusterIdentifier"] == "test-cluster"
    assert built.cluster.handle.providers[0].package == "kubernetes"


def test_every_resource_has_an_explicit_provider(built: BuiltCluster) -> None:
    custom = [resource for resource in built.rendered.resources if resource.custom]
    assert custom
    assert all(resource.provider for resource in custom if not resource.type.startswith("pulumi:providers:"))


def test_names_that_others_see_say_nothing_of_the_substrate(built: BuiltCluster) -> None:
    handle = built.cluster.handle
    seen = [handle.storage.fast, handle.storage.retained, handle.kubernetes_api.name, handle.runtime_class or ""]
    seen += [handle.credentials.name] if handle.credentials else []
    assert not [name for name in seen if SUBSTRATE_WORDS.search(name)]


def test_the_api_server_is_known_by_ranges_that_are_not_the_whole_internet(built: BuiltCluster) -> None:
    cidrs = built.cluster.handle.kubernetes_api.cidrs
    assert cidrs
    assert "0.0.0.0/0" not in cidrs


def test_something_is_ready_before_pods_are_made(built: BuiltCluster) -> None:
    assert built.cluster.handle.ready


def test_the_whole_cluster_is_one_component(built: BuiltCluster) -> None:
    kinds = {built.rendered.component(resource) for resource in built.rendered.resources}
    assert kinds == {"gpu_cluster", "stack"}
    outside = [r.name for r in built.rendered.resources if built.rendered.component(r) == "stack"]
    assert outside == ["random"]
