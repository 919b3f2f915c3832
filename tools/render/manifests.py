"""Writes the Kubernetes objects of a rendered stack as one file each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tools.render import wire
from tools.render.api_groups import group_of, is_custom
from tools.render.errors import RenderError
from tools.render.graph import RenderedStack
from tools.render.monitor import RecordedResource
from tools.render.replacing import replaced_folder
from tools.render.yaml_text import yaml_documents

CLUSTER_FOLDER = "_cluster"
CHARTS_FOLDER = "_charts"


def manifest(resource: RecordedResource, *, clear_text: bool = False) -> dict[str, Any]:
    """The API object of `resource`; secrets redacted unless `clear_text`."""
    content: dict[str, Any] = wire.clear(resource.inputs) if clear_text else wire.redacted(resource.inputs)
    return {key: content[key] for key in ("apiVersion", "kind", "metadata") if key in content} | content


def file_name(document: dict[str, Any]) -> str:
    """`<namespace or _cluster>/<Kind>[.<group>]-<name>.yaml`; the group is named for custom kinds."""
    kind = f"{document['kind']}.{group_of(document)}" if is_custom(document) else document["kind"]
    metadata = document["metadata"]
    return f"{metadata.get('namespace', CLUSTER_FOLDER)}/{kind}-{metadata['name']}.yaml"


def write_manifests(rendered: RenderedStack, folder: Path) -> int:
    """Write all objects and charts below `folder`, which is replaced as a whole. Returns the number of files."""
    with replaced_folder(folder) as new:
        return _write_all(rendered, new)


def _write_all(rendered: RenderedStack, folder: Path) -> int:
    written: set[str] = set()
    for resource in rendered.objects:
        document = manifest(resource)
        name = file_name(document)
        if name in written:
            message = f"two objects would be written to {name}: {resource.urn} has a name that is already taken"
            raise RenderError(message)
        written.add(name)
        _write(folder / name, document)
    for resource in rendered.charts:
        _write(folder / CHARTS_FOLDER / f"{resource.name}.yaml", wire.redacted(resource.inputs))
    return len(written) + len(rendered.charts)


def _write(path: Path, document: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml_documents([document]), "utf-8")
