"""What a model's workload says of itself in annotations: facts that its pods alone do not show, and policies judge.

They stand on the workload, not on its pod template, so that a changed note restarts no server. Nothing in them is
secret.
"""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, asdict, fields
from typing import Any, cast

from components.base.gpus import memory_per_unit
from components.base.model_catalogue import CATALOGUE
from components.base.model_weights import HuggingFaceWeights, ImageWeights, ObjectStoreWeights, Weights
from components.base.models import Architecture, ImageEncoder
from components.base.node_pools import NodePool
from components.base.serving import Serving

MODEL = "ai-platform/model"
"""The catalogue's name of the model, or the name that its settings describe an architecture for."""
ARCHITECTURE = "ai-platform/model-architecture"
"""JSON of the architecture, where the catalogue has none of that name."""
TASK = "ai-platform/model-task"
LICENCE = "ai-platform/model-licence"
SOURCE = "ai-platform/model-source"
"""Where the weights came from, for people."""
REVISION = "ai-platform/model-revision"
"""A commit of 40 hexadecimal digits, or `sha256:` and 64; absent where the weights are pinned by neither."""
GPU_PRODUCT = "ai-platform/gpu-product"
GPU_MEMORY = "ai-platform/gpu-memory-gib"
"""GiB of what vLLM sees as one GPU: a GPU or a MIG slice. Of a time-sliced GPU it sees the whole."""
GPU_SHARES = "ai-platform/gpu-shares"
"""Pods that share a GPU by time slicing; absent where none does."""
PREFIX_CACHE_SHARE = "ai-platform/prefix-cache-share"
VIDEO_MEMORY = "ai-platform/video-memory-gib"
"""Both as in `Serving`; absent where they are 0."""

_SHAPES: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}

COMMIT = re.compile(r"[0-9a-f]{40}")
_PATH_COMMIT = re.compile(r"(?:^|/|--)([0-9a-f]{40})(?:-code)?$")


def declaration(serving: Serving, weights: Weights, pool: NodePool) -> dict[str, str]:
    """Annotations of the workload of a model that is served so."""
    architecture = serving.architecture
    facts = {
        MODEL: architecture.name,
        TASK: serving.task,
        LICENCE: architecture.license,
        SOURCE: source_of(weights),
        REVISION: revision_of(weights),
        GPU_PRODUCT: pool.product or "",
        GPU_MEMORY: f"{memory_per_unit(pool) * (1 if pool.mig_profile else pool.time_slices):.6g}",
        GPU_SHARES: str(pool.time_slices) if not pool.mig_profile and pool.time_slices > 1 else "",
        ARCHITECTURE: "" if CATALOGUE.get(architecture.name) == architecture else write_architecture(architecture),
        PREFIX_CACHE_SHARE: f"{serving.prefix_cache_share:g}" if serving.prefix_cache_share else "",
        VIDEO_MEMORY: f"{serving.video_gib:g}" if serving.video_gib else "",
    }
    return {key: facts[key] for key in sorted(facts) if facts[key]}


def source_of(weights: Weights) -> str:
    """Where `weights` came from."""
    match weights:
        case HuggingFaceWeights():
            return f"https://huggingface.co/{weights.repository}/tree/{weights.revision}"
        case ObjectStoreWeights():
            return f"object store: {weights.prefix}"
        case ImageWeights():
            return f"image: {weights.reference}"
        case _:
            return f"volume: {weights.claim}/{weights.folder}"


def revision_of(weights: Weights) -> str:
    """What pins `weights`, empty where nothing does. A commit in their path comes first: the server names it too."""
    match weights:
        case HuggingFaceWeights():
            return weights.revision
        case ObjectStoreWeights():
            return commit_in(weights.prefix) or weights.handling.digest or ""
        case ImageWeights():
            return weights.reference.partition("@")[2]
        case _:
            return commit_in(weights.folder)


def commit_in(path: str) -> str:
    """The commit that a path of weights ends in, empty when it ends in none."""
    found = _PATH_COMMIT.search(path)
    return found[1] if found else ""


def write_architecture(architecture: Architecture) -> str:
    """JSON of what differs from the defaults, in a stable order."""
    defaults = {
        field.name: field.default for field in fields(Architecture) if field.default is not MISSING and field.init
    }
    facts = asdict(architecture)
    return json.dumps({key: facts[key] for key in sorted(facts) if key not in defaults or facts[key] != defaults[key]})


def read_architecture(text: str) -> Architecture:
    """The architecture that `write_architecture` wrote. Raises ValueError (or TypeError) for anything else."""
    facts: object = json.loads(text)
    if not isinstance(facts, dict):
        message = "an architecture is a JSON object"
        raise TypeError(message)
    members = dict(cast("dict[str, Any]", facts))
    for field in fields(Architecture):
        expected = _SHAPES.get(str(field.type), (object,))
        if field.name in members and not isinstance(members[field.name], expected):
            message = f"{field.name} has another shape"
            raise TypeError(message)
    members["tasks"] = tuple(members.get("tasks", ()))
    if members.get("image_encoder"):
        members["image_encoder"] = ImageEncoder(**members["image_encoder"])
    return Architecture(**members)
