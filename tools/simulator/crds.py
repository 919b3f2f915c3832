"""The custom resource definitions that a set of manifests needs: real ones from a folder, stubs for the rest."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.simulator.api import ApiClient, Manifest
from tools.simulator.crd_files import DefinitionFile, find_definitions
from tools.simulator.errors import SimulatorError

_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_STUB_LABEL = "ai-platform/stub"
_DIGEST_ANNOTATION = "ai-platform/definition"
_REMINDER_ANNOTATION = "ai-platform/reminded-at"
_TIMEOUT_SECONDS = 60
_POLL_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class CustomKind:
    """A kind that the API server does not bring itself, with every version of it that is used."""

    group: str
    kind: str
    versions: tuple[str, ...]
    namespaced: bool

    @property
    def key(self) -> tuple[str, str]:
        """Group and kind."""
        return self.group, self.kind

    @property
    def plural(self) -> str:
        """Plural as English forms it, which is what nearly all definitions use."""
        singular = self.kind.lower()
        if singular.endswith(("s", "x", "ch", "sh")):
            return f"{singular}es"
        if singular.endswith("y") and singular[-2:-1] not in set("aeiou"):
            return f"{singular[:-1]}ies"
        return f"{singular}s"


@dataclass(frozen=True, kw_only=True)
class InstalledCrds:
    """Names of the definitions by origin. A stub accepts any content, so nothing about its objects is proven."""

    real: tuple[str, ...]
    stubs: tuple[str, ...]


def install_crds(
    client: ApiClient, objects: Iterable[Mapping[str, Any]], folders: Sequence[Path] = ()
) -> InstalledCrds:
    """Install a definition for each custom kind among `objects` and wait until all are established.

    `folders` are searched recursively for real definitions; a kind that none of them holds gets a permissive stub.
    A real definition that an earlier run installed is kept. Raises SimulatorError when a folder does not exist, when
    the folder's definition does not serve a version that the objects use, or when the API server refuses one.
    """
    existing = client.list_items(_DEFINITIONS)
    kinds = custom_kinds(objects, _built_in_groups(client, existing))
    files = find_definitions({(kind.group, kind.kind) for kind in kinds}, folders)
    installed = {_kind_of(entry): entry for entry in existing}
    definitions = [_install(client, kind, installed.get(kind.key), files.get(kind.key)) for kind in kinds]
    _remind_of_unestablished(client, installed, definitions)
    _wait_until_established(client, definitions)
    return InstalledCrds(
        real=tuple(sorted(_name(entry) for entry in definitions if not _is_stub(entry))),
        stubs=tuple(sorted(_name(entry) for entry in definitions if _is_stub(entry))),
    )


def _install(client: ApiClient, kind: CustomKind, installed: Manifest | None, file: DefinitionFile | None) -> Manifest:
    """Install the best definition of one kind and return it; an installed one that is as good stays untouched."""
    digest = file.digest if file else ""
    if installed is not None and not _is_stub(installed) and digest in ("", _digest(installed)):
        _require_versions(kind, installed)
        return installed
    definition = with_digest(without_webhook(file.parse()), digest) if file else stub(kind)
    _require_versions(kind, definition)
    return client.apply(f"{_DEFINITIONS}/{_name(definition)}", definition)


def custom_kinds(objects: Iterable[Mapping[str, Any]], built_in_groups: set[str]) -> tuple[CustomKind, ...]:
    """The custom kinds that `objects` use and do not define themselves, sorted by group and kind."""
    versions: dict[tuple[str, str], set[str]] = {}
    namespaced: set[tuple[str, str]] = set()
    defined: set[tuple[str, str]] = set()
    for entry in objects:
        if entry["kind"] == "CustomResourceDefinition":
            defined.add(_kind_of(entry))
        group, _, version = entry["apiVersion"].rpartition("/")
        if group and group not in built_in_groups:
            versions.setdefault((group, entry["kind"]), set()).add(version)
            if entry["metadata"].get("namespace"):
                namespaced.add((group, entry["kind"]))
    return tuple(
        CustomKind(group=key[0], kind=key[1], versions=tuple(sorted(versions[key])), namespaced=key in namespaced)
        for key in sorted(versions.keys() - defined)
    )


def stub(kind: CustomKind) -> Manifest:
    """A definition that accepts any object of the kind."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    versions = [
        {"name": version, "served": True, "storage": index == 0, "schema": schema, "subresources": {"status": {}}}
        for index, version in enumerate(kind.versions)
    ]
    metadata: dict[str, Any] = {"name": f"{kind.plural}.{kind.group}", "labels": {_STUB_LABEL: "true"}}
    if kind.group.endswith((".k8s.io", ".kubernetes.io")):
        # The API server refuses definitions in Kubernetes' own groups unless they say why they are there.
        metadata["annotations"] = {"api-approved.kubernetes.io": "unapproved, stub of a simulated cluster"}
    names = {"kind": kind.kind, "plural": kind.plural, "singular": kind.kind.lower()}
    spec = {
        "group": kind.group,
        "names": names,
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "versions": versions,
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": spec,
    }


def without_webhook(definition: Manifest) -> Manifest:
    """The definition without conversion webhook: its operator does not run, and every request would wait for it."""
    metadata = {
        key: definition["metadata"][key] for key in ("name", "labels", "annotations") if key in definition["metadata"]
    }
    spec = {key: value for key, value in definition["spec"].items() if key != "conversion"}
    return {"apiVersion": definition["apiVersion"], "kind": definition["kind"], "metadata": metadata, "spec": spec}


def with_digest(definition: Manifest, digest: str) -> Manifest:
    """The definition with the hash of its file, by which the next run sees that it is installed already."""
    metadata = definition["metadata"]
    annotations = metadata.get("annotations", {}) | {_DIGEST_ANNOTATION: digest}
    return definition | {"metadata": metadata | {"annotations": annotations}}


def _built_in_groups(client: ApiClient, definitions: Iterable[Manifest]) -> set[str]:
    served = {group["name"] for group in client.get("/apis")["groups"]}
    return served - {definition["spec"]["group"] for definition in definitions}


def _kind_of(definition: Mapping[str, Any]) -> tuple[str, str]:
    return definition["spec"]["group"], definition["spec"]["names"]["kind"]


def _name(definition: Manifest) -> str:
    return definition["metadata"]["name"]


def _digest(definition: Manifest) -> str | None:
    return definition["metadata"].get("annotations", {}).get(_DIGEST_ANNOTATION)


def _is_stub(definition: Manifest) -> bool:
    return definition["metadata"].get("labels", {}).get(_STUB_LABEL) == "true"


def _require_versions(kind: CustomKind, definition: Manifest) -> None:
    served = {version["name"] for version in definition["spec"]["versions"] if version["served"]}
    missing = [version for version in kind.versions if version not in served]
    if missing:
        raise SimulatorError(
            f"{kind.kind} is used as {kind.group}/{missing[0]}, but its definition {_name(definition)} "
            f"serves {', '.join(sorted(served))}: use one of these, or a definition that serves it"
        )


def _remind_of_unestablished(
    client: ApiClient, installed: Mapping[tuple[str, str], Manifest], definitions: Iterable[Manifest]
) -> None:
    """Change what an API server that died left half installed: after a restart it establishes on a change alone."""
    for definition in definitions:
        if _kind_of(definition) in installed and not _is_established(definition):
            version = definition["metadata"]["resourceVersion"]
            annotations = {_REMINDER_ANNOTATION: version}
            client.merge(f"{_DEFINITIONS}/{_name(definition)}", {"metadata": {"annotations": annotations}})


def _wait_until_established(client: ApiClient, definitions: Iterable[Manifest]) -> None:
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    for definition in definitions:
        current, name = definition, _name(definition)
        while not _is_established(current):
            if time.monotonic() > deadline:
                raise SimulatorError(
                    f"{name} is not established after {_TIMEOUT_SECONDS} s: kubectl describe crd {name}"
                )
            time.sleep(_POLL_SECONDS)
            current = client.get(f"{_DEFINITIONS}/{name}")


def _is_established(definition: Manifest) -> bool:
    conditions = definition.get("status", {}).get("conditions") or []
    return any(entry["type"] == "Established" and entry["status"] == "True" for entry in conditions)
