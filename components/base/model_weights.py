"""Where a server reads its weights, and what it is told as the model's path."""

from __future__ import annotations

from dataclasses import dataclass

MOUNT_PATH = "/weights"
"""Where weights are mounted that do not come from the object store."""


@dataclass(frozen=True, kw_only=True)
class HuggingFaceWeights:
    """A commit of a Hugging Face repository. A job copies it to the object store; servers stream it from there."""

    repository: str
    revision: str

    @property
    def prefix(self) -> str:
        """Where the commit lies in the bucket. The commit is part of it: vLLM caches a model's files by its path."""
        return f"{self.repository}/{self.revision}"


@dataclass(frozen=True, kw_only=True)
class ObjectStoreWeights:
    """A checkpoint in safetensors under `prefix` of the platform's bucket for models."""

    prefix: str


@dataclass(frozen=True, kw_only=True)
class ImageWeights:
    """A checkpoint in the root of an image, mounted read-only by the kubelet (image volumes)."""

    reference: str


@dataclass(frozen=True, kw_only=True)
class VolumeWeights:
    """A checkpoint in `folder` (empty for the root) of an existing PersistentVolumeClaim in the models' namespace."""

    claim: str
    folder: str = ""


StreamedWeights = HuggingFaceWeights | ObjectStoreWeights
"""Weights that the server streams from the object store."""

MountedWeights = ImageWeights | VolumeWeights
"""Weights that are a folder of the server's pod."""

Weights = StreamedWeights | MountedWeights


def mounted_path(weights: MountedWeights) -> str:
    """The model's path for weights that are mounted."""
    folder = weights.folder if isinstance(weights, VolumeWeights) else ""
    return f"{MOUNT_PATH}/{folder}" if folder else MOUNT_PATH
