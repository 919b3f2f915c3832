"""Checks custom resources against the OpenAPI schemas of their CustomResourceDefinitions.

The definitions are third-party data: the folder named by `CRDS`, or `../shared/upstream/crds` beside the repository. A
test that needs them is skipped where there is neither. Rules in CEL (`x-kubernetes-validations`) are not evaluated:
the API server of the simulated cluster does that.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]

OVERLAPPING = ("gateway-api-experimental", "karpenter")
"""Folders that define the same kinds as another one (`gateway-api`, `karpenter-aws`)."""


class _Loader(yaml.CSafeLoader):
    """Reads a bare `=`, an enumeration value of label matchers, as the text that Kubernetes takes it for."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: loader.construct_scalar(node))


def crd_folder() -> Path:
    """Folder of CustomResourceDefinitions. Skips the running test where there is none."""
    folder = Path(os.environ.get("CRDS") or ROOT.parent / "shared" / "upstream" / "crds")
    if not folder.is_dir():
        pytest.skip(f"no CustomResourceDefinitions: {folder} is no folder (set CRDS)")
    return folder


def schema_problems(manifest: Mapping[str, Any]) -> list[str]:
    """One line per field of `manifest` that its definition does not allow; unknown fields are problems.

    Raises LookupError when no definition of its kind and version exists.
    """
    schema = _schema(crd_folder(), manifest["apiVersion"], manifest["kind"])
    validator = jsonschema.Draft202012Validator(schema)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(manifest)]


@cache
def _schema(folder: Path, api_version: str, kind: str) -> dict[str, Any]:
    group, version = api_version.split("/")
    for file in sorted(folder.rglob(f"*.{group}.yaml")):
        if file.parent.name in OVERLAPPING:
            continue
        definition = yaml.load(file.read_text(), Loader=_Loader)  # noqa: S506 # a safe loader
        if definition["spec"]["names"]["kind"] != kind:
            continue
        for entry in definition["spec"]["versions"]:
            if entry["name"] == version and entry["served"]:
                return _closed(entry["schema"]["openAPIV3Schema"], top=True)
    message = f"no CustomResourceDefinition of {api_version} {kind} in {folder}"
    raise LookupError(message)


def _closed(schema: Mapping[str, Any], *, top: bool = False) -> dict[str, Any]:
    """The schema in the words of JSON Schema, refusing properties that it does not name."""
    closed: dict[str, Any] = {key: value for key, value in schema.items() if not key.startswith("x-kubernetes-")}
    closed.pop("nullable", None)
    closed.pop("format", None)
    if "properties" in schema:
        closed["properties"] = {name: _closed(part) for name, part in schema["properties"].items()}
        if top:
            # The API server owns these; definitions only say that they are strings and an object.
            closed["properties"]["metadata"] = {"type": "object"}
        if not schema.get("x-kubernetes-preserve-unknown-fields") and "additionalProperties" not in schema:
            closed["additionalProperties"] = False
    if isinstance(schema.get("additionalProperties"), Mapping):
        closed["additionalProperties"] = _closed(schema["additionalProperties"])
    if "items" in schema:
        closed["items"] = _closed(schema["items"])
    for word in ("allOf", "anyOf", "oneOf"):
        # Alternatives only restrict what the schema around them already lists, so they stay open.
        if word in schema:
            closed[word] = [dict(part) for part in schema[word]]
    if schema.get("x-kubernetes-int-or-string"):
        closed.pop("type", None)
        closed.setdefault("anyOf", [{"type": "integer"}, {"type": "string"}])
    if schema.get("nullable") and "type" in closed:
        closed["type"] = [closed["type"], "null"]
    return closed
