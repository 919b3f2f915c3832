from __future__ import annotations

from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s
import pytest
import yaml

from policies.graph import GraphError, read_graph
from tools.render.graph import write_graph
from tools.render.manifests import file_name, write_manifests
from tools.render.program import record
from tools.render.yaml_text import yaml_documents


def program() -> None:
    provider = k8s.Provider("kubernetes", kubeconfig="{}")
    options = pulumi.ResourceOptions(provider=provider)
    k8s.core.v1.Namespace("models", metadata={"name": "models"}, opts=options)
    k8s.core.v1.Secret("token", metadata={"name": "t", "namespace": "models"}, string_data={"a": "hush"}, opts=options)
    k8s.apiextensions.CustomResource(
        "route",
        api_version="gateway.networking.k8s.io/v1",
        kind="HTTPRoute",
        metadata={"name": "api", "namespace": "models"},
        spec={"hostnames": ["api.example.org"]},
        opts=options,
    )


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_each_object_has_a_file_that_says_where_it_lives(tmp_path: Path) -> None:
    write_manifests(record(program), tmp_path)
    assert set(files(tmp_path)) == {
        "_cluster/Namespace-models.yaml",
        "models/HTTPRoute.gateway.networking.k8s.io-api.yaml",
        "models/Secret-t.yaml",
    }


def test_secrets_are_redacted_on_disk_and_the_file_stays_a_valid_secret(tmp_path: Path) -> None:
    write_manifests(record(program), tmp_path)
    document = yaml.safe_load((tmp_path / "models" / "Secret-t.yaml").read_text())
    assert document["kind"] == "Secret"
    assert document["stringData"] == {"a": "[secret]"}
    assert all(b"hush" not in content for content in files(tmp_path).values())


def test_two_renders_of_one_program_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        rendered = record(program)
        write_manifests(rendered, tmp_path / name / "manifests")
        write_graph(rendered, tmp_path / name / "graph.json")
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert files(tmp_path / "one")


def test_files_of_an_earlier_render_are_gone(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "Deployment-old.yaml").write_text("old")
    write_manifests(record(program), tmp_path)
    assert "models/Deployment-old.yaml" not in files(tmp_path)


def test_two_kinds_of_one_name_never_collide() -> None:
    metadata = {"name": "x", "namespace": "n"}
    names = {
        file_name({"apiVersion": version, "kind": "Cluster", "metadata": metadata})
        for version in ("postgresql.cnpg.io/v1", "kafka.example.org/v1")
    }
    assert len(names) == 2


def test_a_graph_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    path.write_text('{"version": 7}')
    with pytest.raises(GraphError, match="version: must be 1, this graph was written by another release"):
        read_graph(path)


def test_a_truncated_graph_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    path.write_text('{"version": 1, "resou')
    with pytest.raises(GraphError, match="is not JSON"):
        read_graph(path)


def test_a_missing_graph_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="make render"):
        read_graph(tmp_path / "graph.json")


def test_a_text_of_several_lines_is_a_block_that_a_reviewer_can_read() -> None:
    document = {"data": {"config.yaml": "a: 1\nb: 2\n"}}
    text = yaml_documents([document, document])
    assert "  config.yaml: |\n    a: 1\n    b: 2\n" in text
    assert list(yaml.safe_load_all(text)) == [document, document]
