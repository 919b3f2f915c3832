"""Where a model's weights lie, how its servers read them, and what proves that they are the ones that were meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MOUNT_PATH = "/weights"
"""Where the server finds weights that are files of its pod."""

Delivery = Literal["stream", "node-cache", "shared-volume"]
"""How weights get from the object store to a server (decision 0020).

`stream`: straight into its GPUs. `node-cache`: each pod copies them to its node's disk before it starts.
`shared-volume`: a job copies them once to a volume that all nodes mount."""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A signature of a checkpoint's listing (`SHA256SUMS`): `public_key` in PEM (Ed25519, or ECDSA with SHA-256),
    `value` in base64."""

    public_key: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Handling:
    """How weights in the object store are read and checked.

    `digest` (`sha256:` and 64 hexadecimal digits) is that of the listing, one line `<SHA-256>  <path>` per file, sorted
    by path. `volume_gib` is the size of a copy, None where it follows from the architecture.
    """

    delivery: Delivery = "stream"
    digest: str | None = None
    signature: Signature | None = None
    volume_gib: int | None = None

    @property
    def checked(self) -> bool:
        """Whether the weights are compared with what somebody declared."""
        return self.digest is not None or self.signature is not None


@dataclass(frozen=True, kw_only=True)
class HuggingFaceWeights:
    """A commit of a Hugging Face repository. A job copies it to the object store; servers read it from there.

    `remote_code`: the repository's own Python files are copied too.
    """

    repository: str
    revision: str
    remote_code: bool = False
    handling: Handling = Handling()

    @property
    def prefix(self) -> str:
        """Where the commit lies in the bucket. The commit is part of it: vLLM caches a model's files by its path. With
        remote code it is a checkpoint of its own: a model that may not run code never sees any."""
        return f"{self.repository}/{self.revision}{'-code' if self.remote_code else ''}"


@dataclass(frozen=True, kw_only=True)
class ObjectStoreWeights:
    """A checkpoint in safetensors under `prefix` of the platform's bucket for models. `remote_code`: Python files that
    lie beside it are copied too."""

    prefix: str
    remote_code: bool = False
    handling: Handling = Handling()


@dataclass(frozen=True, kw_only=True)
class ImageWeights:
    """A checkpoint in the root of an image, mounted read-only by the kubelet (image volumes)."""

    reference: str


@dataclass(frozen=True, kw_only=True)
class VolumeWeights:
    """A checkpoint in `folder` (empty for the root) of an existing PersistentVolumeClaim in the models' namespace."""

    claim: str
    folder: str = ""


StoredWeights = HuggingFaceWeights | ObjectStoreWeights
"""Weights that servers get from the object store."""

MountedWeights = ImageWeights | VolumeWeights
"""Weights that are a folder of the server's pod."""

Weights = StoredWeights | MountedWeights


def mounted_path(weights: MountedWeights) -> str:
    """The model's path for weights that are mounted."""
    folder = weights.folder if isinstance(weights, VolumeWeights) else ""
    return f"{MOUNT_PATH}/{folder}" if folder else MOUNT_PATH


def copied_folder(weights: StoredWeights) -> str:
    """Name of the folder that holds a copy: one per checkpoint, so that two of them fit one volume side by side."""
    return weights.prefix.replace("/", "--")


def delivery_problem(weights: Weights, shared_class: str | None) -> str | None:
    """Why the weights cannot be delivered as asked; `shared_class` is the cluster's class of shared volumes, if any."""
    if isinstance(weights, (ImageWeights, VolumeWeights)) or weights.handling.delivery != "shared-volume":
        return None
    if shared_class:
        return None
    return (
        "weights.delivery: shared-volume needs a storage class whose volumes many nodes mount, and the cluster has "
        "none: set delivery: node-cache or stream, or name such a class under cluster.storage.shared (with k3s and "
        "Longhorn: cluster.storageDriver.longhorn.sharedVolumes: true)"
    )
