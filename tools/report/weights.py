"""Which weights are served: where they come from, which commit, how large, under which licence."""

from __future__ import annotations

from dataclasses import dataclass

from components.base.memory_terms import checkpoint_gib
from components.base.model_weights import HuggingFaceWeights, ImageWeights, ObjectStoreWeights, VolumeWeights, Weights
from components.base.pod_disk import copy_gib, pod_disk_gib
from components.base.serving import Serving
from stacks.schema.models import ModelSettings
from stacks.serving import serving, weights
from stacks.settings import PlatformSettings

NOT_STATED = "not stated"


@dataclass(frozen=True, kw_only=True)
class ModelWeights:
    """A model's checkpoint. `checkpoint_gib` is computed from the architecture, as the capacity check does; `disk_gib`
    is what each pod takes of its node's disk, 0 where nothing is copied there."""

    name: str
    task: str
    repository: str
    revision: str
    source: str
    architecture: str
    published: str
    served: str
    kv_cache: str
    checkpoint_gib: float
    delivery: str
    disk_gib: int
    checked: str
    license: str
    adapters: tuple[str, ...]


def model_weights(settings: PlatformSettings) -> tuple[ModelWeights, ...]:
    """Every model's weights, in the order of the settings."""
    return tuple(_weights(model) for model in settings.models)


def _weights(model: ModelSettings) -> ModelWeights:
    served, found = serving(model), weights(model)
    architecture = served.architecture
    repository, revision = _place(found)
    return ModelWeights(
        name=model.name,
        task=model.task,
        repository=repository,
        revision=revision,
        source=model.source or "",
        architecture=model.base_model or architecture.name,
        published=architecture.checkpoint,
        served=served.weights,
        kv_cache="16 bits" if served.kv_cache == "auto" else served.kv_cache,
        checkpoint_gib=checkpoint_gib(served),
        delivery=_delivery(found, served),
        disk_gib=pod_disk_gib(found, served, len(model.adapters)),
        checked=_check(found),
        license=model.license or architecture.license or NOT_STATED,
        adapters=tuple(adapter.name for adapter in model.adapters),
    )


def _place(found: Weights) -> tuple[str, str]:
    """Where the weights lie, and which version of them."""
    match found:
        case HuggingFaceWeights():
            return found.repository, found.revision
        case ObjectStoreWeights():
            return f"s3://models/{found.prefix}", found.handling.digest or ""
        case ImageWeights():
            return found.reference, found.reference.partition("@")[2]
        case VolumeWeights():
            return f"volume {found.claim}" + (f", folder {found.folder}" if found.folder else ""), ""


def _delivery(found: Weights, served: Serving) -> str:
    if isinstance(found, ImageWeights):
        return "image volume"
    if isinstance(found, VolumeWeights):
        return "existing volume"
    if found.handling.delivery == "stream":
        return "streamed into the GPUs"
    where = "copied to the node's disk" if found.handling.delivery == "node-cache" else "copied once to a shared volume"
    return f"{where} ({copy_gib(found, served):,} GiB)"


def _check(found: Weights) -> str:
    if isinstance(found, (ImageWeights, VolumeWeights)):
        return "by its image" if isinstance(found, ImageWeights) and "@" in found.reference else "no"
    parts = [
        *(["digest"] if found.handling.digest else []),
        *(["signature"] if found.handling.signature else []),
        *(["commit"] if isinstance(found, HuggingFaceWeights) else []),
    ]
    return ", ".join(parts) or "no"
