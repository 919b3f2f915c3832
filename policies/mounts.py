"""Which volume of a pod lies at a path of one of its containers."""

from __future__ import annotations

from policies.fields import Field
from policies.pods import Container


def is_under(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or below it."""
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")


def volume_at(container: Container, path: str) -> tuple[Field, Field] | None:
    """The volume in which `path` of the container lies, with its mount; None when it is in the container itself."""
    mounts = container.field.at("volumeMounts").items()
    nearest = max(
        (mount for mount in mounts if is_under(path, mount.at("mountPath").text().rstrip("/"))),
        key=lambda mount: len(mount.at("mountPath").text()),
        default=None,
    )
    if nearest is None:
        return None
    name = nearest.at("name").text()
    for volume in container.pod.spec.at("volumes").items():
        if volume.at("name").text() == name:
            return volume, nearest
    return None
