from __future__ import annotations

import json
from pathlib import Path

import pytest

from components.gpu_cluster.existing import ExistingGpuCluster
from components.gpu_cluster.kubeconfig import KubeconfigError, KubeconfigFile
from components.gpu_cluster.storage_classes import NewStorageClass, StorageClassPlan, StoragePlan
from tests.components.gpu_cluster.clusters import BuiltCluster, build_cluster, existing_args

CONTENT = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "here", "cluster": {"server": "https://10.0.0.1:6443"}}],
    "contexts": [{"name": "here", "context": {"cluster": "here", "user": "admin"}}],
    "users": [{"name": "admin", "user": {}}],
    "current-context": "here",
}


def online(path: Path, context: str | None = None) -> BuiltCluster:
    kubeconfig = KubeconfigFile(path=str(path), context=context)
    return build_cluster(
        lambda o: ExistingGpuCluster("cluster", existing_args(kubeconfig=kubeconfig, offline=False), o)
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(CONTENT))
    return path


def test_the_provider_is_given_the_path_so_that_credentials_stay_out_of_the_state(file: Path) -> None:
    inputs = online(file, "here").of_type("pulumi:providers:kubernetes")["cluster-kubernetes"].inputs
    assert inputs["kubeconfig"] == str(file)
    assert inputs["context"] == "here"


def test_a_relative_path_is_made_absolute_because_the_provider_runs_elsewhere(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    inputs = online(Path(file.name)).of_type("pulumi:providers:kubernetes")["cluster-kubernetes"].inputs
    assert inputs["kubeconfig"] == str(file)


def test_the_ambient_kubeconfig_is_not_used(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/somewhere/else")
    inputs = online(file).of_type("pulumi:providers:kubernetes")["cluster-kubernetes"].inputs
    assert inputs["kubeconfig"] == str(file)


def test_a_missing_file_ends_the_program_before_anything_is_registered(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match=r"kubeconfig .*missing: No such file or directory: create the cluster"):
        online(tmp_path / "missing")


def test_an_unknown_context_is_named_with_those_that_exist(file: Path) -> None:
    with pytest.raises(KubeconfigError, match=r"no context 'there': set cluster\.context to one of here"):
        online(file, "there")


def test_a_file_without_current_context_asks_for_one(file: Path) -> None:
    file.write_text(json.dumps(CONTENT | {"current-context": ""}))
    with pytest.raises(KubeconfigError, match=r"no current context: set cluster\.context to one of here"):
        online(file)


@pytest.mark.parametrize("text", ["", "[]", "a: [", "contexts: 3", "kind: Config"])
def test_a_file_that_is_no_kubeconfig_is_called_one_that_is_not(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(KubeconfigError, match="is no kubeconfig"):
        online(file)


def test_offline_the_file_need_not_exist_and_its_path_is_kept_as_written() -> None:
    built = build_cluster(lambda o: ExistingGpuCluster("cluster", existing_args(), o))
    inputs = built.of_type("pulumi:providers:kubernetes")["cluster-kubernetes"].inputs
    assert inputs["kubeconfig"] == "missing/kubeconfig"


def test_classes_that_the_cluster_has_are_named_and_not_created() -> None:
    plan = StoragePlan(
        fast=StorageClassPlan(name="theirs"),
        retained=StorageClassPlan(
            name="ours", create=NewStorageClass(provisioner="kubernetes.io/no-provisioner", binding="Immediate")
        ),
        shared=StorageClassPlan(name="files"),
    )
    built = build_cluster(lambda o: ExistingGpuCluster("cluster", existing_args(storage=plan), o))
    classes = built.of_type(":StorageClass")
    assert [resource.inputs["metadata"]["name"] for resource in classes.values()] == ["ours"]
    assert classes["cluster-storage-retained"].inputs["volumeBindingMode"] == "Immediate"
    assert built.cluster.handle.storage.shared == "files"
