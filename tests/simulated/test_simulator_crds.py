"""Custom resource definitions: real ones where a folder has them, stubs elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from tests.simulated.manifests import deployment
from tools.simulator.api import ApiClient
from tools.simulator.cluster import SimulatedCluster
from tools.simulator.crd_files import find_definitions
from tools.simulator.crds import CustomKind, custom_kinds, install_crds, stub
from tools.simulator.errors import SimulatorError
from tools.simulator.kubectl import KubectlError

simulated = [pytest.mark.simulated, pytest.mark.xdist_group("simulated")]


def _definition(kind: str, group: str, *, versions: tuple[str, ...] = ("v1",), note: str = "") -> dict[str, Any]:
    size = {"type": "object", "properties": {"size": {"type": "integer"}}, "required": ["size"]}
    schema = {"openAPIV3Schema": {"type": "object", "description": note, "properties": {"spec": size}}}
    plural = f"{kind.lower()}s"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": kind, "plural": plural},
            "scope": "Namespaced",
            "versions": [
                {"name": name, "served": True, "storage": name == versions[-1], "schema": schema} for name in versions
            ],
        },
    }


def _resource(kind: str, api_version: str, namespace: str | None = "default", **spec: Any) -> dict[str, Any]:
    metadata = {"name": "one"} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def _write(path: Path, *definitions: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump_all(definitions, sort_keys=False))
    return path


def test_custom_kinds_are_those_of_foreign_groups_that_the_objects_do_not_define_themselves() -> None:
    objects = [
        deployment("app", "default"),
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "models"}},
        _resource("Certificate", "cert-manager.io/v1"),
        _resource("Certificate", "cert-manager.io/v1alpha1", None),
        _resource("ClusterIssuer", "cert-manager.io/v1", None),
        _resource("Gadget", "example.org/v1"),
        _definition("Gadget", "example.org"),
    ]
    assert custom_kinds(objects, {"apps", "apiextensions.k8s.io"}) == (
        CustomKind(group="cert-manager.io", kind="Certificate", versions=("v1", "v1alpha1"), namespaced=True),
        CustomKind(group="cert-manager.io", kind="ClusterIssuer", versions=("v1",), namespaced=False),
    )


@pytest.mark.parametrize(
    ("kind", "plural"),
    [
        ("Certificate", "certificates"),
        ("ClusterPolicy", "clusterpolicies"),
        ("Gateway", "gateways"),
        ("StorageClass", "storageclasses"),
        ("Prometheus", "prometheuses"),
    ],
)
def test_a_stubs_plural_is_formed_as_in_english(kind: str, plural: str) -> None:
    assert CustomKind(group="example.org", kind=kind, versions=("v1",), namespaced=True).plural == plural


def test_a_stub_stores_exactly_one_of_its_versions() -> None:
    versions = stub(CustomKind(group="example.org", kind="Gadget", versions=("v1", "v1beta1"), namespaced=True))
    stored = [version["name"] for version in versions["spec"]["versions"] if version["storage"]]
    assert stored == ["v1"]


@pytest.mark.parametrize(
    ("winner", "loser"), [("gateway-api", "gateway-api-experimental"), ("karpenter-aws", "karpenter")]
)
def test_of_two_definitions_of_one_name_the_preferred_folder_wins(tmp_path: Path, winner: str, loser: str) -> None:
    for folder in (loser, winner):
        _write(tmp_path / folder / "one.yaml", _definition("Gadget", "example.org", note=folder))
    [file] = find_definitions({("example.org", "Gadget")}, [tmp_path]).values()
    assert file.path.parent.name == winner
    assert file.parse()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["description"] == winner


def test_a_definition_is_found_in_a_file_of_several_documents(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "deep" / "all.yaml", _definition("Widget", "example.org"), _definition("Gadget", "example.org")
    )
    found = find_definitions({("example.org", "Gadget"), ("example.org", "Absent")}, [tmp_path])
    assert {key: file.path for key, file in found.items()} == {("example.org", "Gadget"): path}
    assert found["example.org", "Gadget"].parse()["metadata"]["name"] == "gadgets.example.org"


def test_a_bare_equals_sign_in_an_enum_is_read_as_text(tmp_path: Path) -> None:
    path = _write(tmp_path / "one.yaml", _definition("Gadget", "example.org"))
    path.write_text(path.read_text() + "matchTypes: [!=, =, =~]\n".replace("!=", "'!='"))
    [file] = find_definitions({("example.org", "Gadget")}, [tmp_path]).values()
    assert file.parse()["matchTypes"] == ["!=", "=", "=~"]


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match=r"absent does not exist: check CRDS"):
        find_definitions(set(), [tmp_path / "absent"])


def test_a_damaged_definition_is_named_in_one_line(tmp_path: Path) -> None:
    path = _write(tmp_path / "one.yaml", _definition("Gadget", "example.org"))
    path.write_text(path.read_text() + "broken: [\n")
    [file] = find_definitions({("example.org", "Gadget")}, [tmp_path]).values()
    with pytest.raises(SimulatorError) as damaged:
        file.parse()
    assert damaged.value.message.startswith(f"{path} is no valid YAML")
    assert "\n" not in damaged.value.message


class HalfInstalled:
    """An API server that was restarted while it installed a definition: it goes on only when the definition changes."""

    def __init__(self, definition: dict[str, Any]) -> None:
        self.definition: dict[str, Any] = definition | {"status": {"conditions": []}}
        self.definition["metadata"]["resourceVersion"] = "7"

    def get(self, path: str) -> dict[str, Any]:
        return {"groups": []} if path == "/apis" else self.definition

    def list_items(self, _: str) -> list[dict[str, Any]]:
        return [self.definition]

    def apply(self, _: str, __: dict[str, Any]) -> dict[str, Any]:
        return self.definition

    def merge(self, _: str, body: dict[str, Any]) -> None:
        assert body["metadata"]["annotations"]
        self.definition["status"]["conditions"] = [{"type": "Established", "status": "True"}]


@pytest.mark.parametrize("real", [True, False], ids=["real", "stub"])
def test_a_definition_that_a_killed_api_server_left_half_installed_is_finished(real: bool) -> None:
    kind = CustomKind(group="half.example.org", kind="Gear", versions=("v1",), namespaced=True)
    definition = _definition("Gear", "half.example.org") if real else stub(kind)
    client = cast("ApiClient", HalfInstalled(definition))
    installed = install_crds(client, [_resource("Gear", "half.example.org/v1")])
    assert installed.real + installed.stubs == ("gears.half.example.org",)


class TestOnACluster:
    pytestmark = simulated

    def test_a_real_definition_checks_and_a_stub_accepts_anything(
        self, simulated_cluster: SimulatedCluster, tmp_path: Path
    ) -> None:
        definition = _definition("Gauge", "real.example.org")
        webhook = {"clientConfig": {"url": "https://localhost:1/convert"}, "conversionReviewVersions": ["v1"]}
        definition["spec"]["conversion"] = {"strategy": "Webhook", "webhook": webhook}
        _write(tmp_path / "one.yaml", definition)
        good = _resource("Gauge", "real.example.org/v1", size=3)
        anything = _resource("Policy", "stub.example.k8s.io/v1", None, whatever={"deep": [1]})
        installed = simulated_cluster.install_crds([good, anything], [tmp_path])
        assert installed.real == ("gauges.real.example.org",)
        assert installed.stubs == ("policies.stub.example.k8s.io",)
        assert len(simulated_cluster.kubectl.apply([good, anything]).lines) == 2
        with pytest.raises(KubectlError, match=r"spec.size"):
            simulated_cluster.kubectl.apply([_resource("Gauge", "real.example.org/v1", size="big")], dry_run=True)

    def test_a_second_installation_changes_nothing_and_forgets_no_real_one(
        self, simulated_cluster: SimulatedCluster, tmp_path: Path
    ) -> None:
        _write(tmp_path / "one.yaml", _definition("Lever", "kept.example.org"))
        objects = [_resource("Lever", "kept.example.org/v1", size=1), _resource("Wheel", "kept.example.org/v1")]

        def versions() -> set[str]:
            entries = simulated_cluster.kubectl.get("customresourcedefinitions")
            own = [entry["metadata"] for entry in entries if entry["spec"]["group"] == "kept.example.org"]
            return {f"{metadata['name']} {metadata['uid']} {metadata['generation']}" for metadata in own}

        first = simulated_cluster.install_crds(objects, [tmp_path])
        before = versions()
        assert simulated_cluster.install_crds(objects, [tmp_path]) == first
        assert simulated_cluster.install_crds(objects) == first
        assert versions() == before

    def test_a_stub_gives_way_to_a_real_definition(self, simulated_cluster: SimulatedCluster, tmp_path: Path) -> None:
        objects = [_resource("Pulley", "later.example.org/v1", size=1)]
        assert simulated_cluster.install_crds(objects).stubs == ("pulleys.later.example.org",)
        _write(tmp_path / "one.yaml", _definition("Pulley", "later.example.org"))
        assert simulated_cluster.install_crds(objects, [tmp_path]).real == ("pulleys.later.example.org",)
        with pytest.raises(KubectlError, match="size"):
            simulated_cluster.kubectl.apply([_resource("Pulley", "later.example.org/v1")], dry_run=True)

    def test_a_version_that_the_definition_does_not_serve_is_named(
        self, simulated_cluster: SimulatedCluster, tmp_path: Path
    ) -> None:
        _write(tmp_path / "one.yaml", _definition("Crank", "old.example.org", versions=("v1beta1",)))
        with pytest.raises(SimulatorError, match=r"Crank is used as old.example.org/v1, but .* serves v1beta1"):
            simulated_cluster.install_crds([_resource("Crank", "old.example.org/v1")], [tmp_path])
