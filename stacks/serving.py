"""From model settings to what components and the capacity check are given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from components.base.model_catalogue import find_model
from components.base.model_weights import (
    Handling,
    HuggingFaceWeights,
    ImageWeights,
    ObjectStoreWeights,
    Signature,
    VolumeWeights,
    Weights,
)
from components.base.models import Architecture, UnknownModelError
from components.base.node_pools import NodePool
from components.base.placed_model import PlacedModel
from components.base.placement import placement_errors
from components.base.pod_disk import pod_disk_gib
from components.base.serving import Serving
from components.vllm_model.server.remote_code import remote_code_problem
from stacks.rollout import rollout_problems, surge
from stacks.schema.models import ArchitectureSettings, ModelSettings


def model_problems(models: Sequence[ModelSettings], pools: Sequence[NodePool]) -> list[str]:
    """Models that cannot be served from these pools, one line each: `models[0].gpu.count: <what and how to mend>`."""
    problems = [*_catalogue_problems(models), *rollout_problems(models)]
    return problems or list(placement_errors([placed(model) for model in models], pools))


def placed(model: ModelSettings) -> PlacedModel:
    """The model as the placement check sees it."""
    served = serving(model)
    return PlacedModel(
        name=model.name,
        serving=served,
        pool=model.gpu.pool,
        min_replicas=model.replicas.min,
        max_replicas=model.replicas.max,
        surge=surge(model),
        several_nodes=model.gpu.several_nodes is not None,
        disk_gib=pod_disk_gib(weights(model), served, len(model.adapters)),
    )


def serving(model: ModelSettings) -> Serving:
    """How one replica of the model is served. Raises UnknownModelError when its architecture is not known."""
    described = architecture(model)
    return Serving(
        architecture=described,
        task=model.task,
        max_model_len=model.max_model_len,
        weights=model.precision.weights or described.checkpoint,
        kv_cache=model.precision.kv_cache,
        tensor_parallel=model.gpu.count // (model.gpu.pipeline_parallel * model.gpu.data_parallel),
        pipeline_parallel=model.gpu.pipeline_parallel * model.gpu.nodes,
        data_parallel=model.gpu.data_parallel,
        nodes=model.gpu.nodes,
        gpu_memory_utilization=model.gpu_memory_utilization,
        max_num_seqs=model.max_num_seqs,
        prefix_cache_share=model.prefix_cache_share,
        video_gib=model.media.video_memory_gib or 0.0,
        adapter_slots=model.adapter_slots.places(len(model.adapters)),
        adapter_rank=model.adapter_slots.rank if model.adapters else 0,
    )


def architecture(model: ModelSettings) -> Architecture:
    """Architecture of the model: described in the settings, of its base model, or in the catalogue by its repository.

    Raises UnknownModelError naming close entries of the catalogue.
    """
    if model.architecture:
        return _described(model, model.architecture)
    if model.base_model:
        base = find_model(model.base_model)
        # Weights that somebody made from a base model are published in the format that the settings name.
        return replace(
            base,
            checkpoint=model.precision.weights or base.checkpoint,
            safetensors=True,
            gated=False,
            name=_name(model),
        )
    return find_model(_name(model))


def weights(model: ModelSettings) -> Weights:
    """Where the model's servers read their weights."""
    source = model.weights
    handling = Handling(
        delivery=source.delivery,
        digest=source.digest,
        signature=Signature(**source.signature.model_dump()) if source.signature else None,
        volume_gib=source.volume_gib,
    )
    code = model.trust_remote_code is not None
    if source.hugging_face and source.revision:
        return HuggingFaceWeights(
            repository=source.hugging_face, revision=source.revision, remote_code=code, handling=handling
        )
    if source.s3:
        return ObjectStoreWeights(prefix=source.s3.removeprefix("s3://models/"), remote_code=code, handling=handling)
    if source.oci:
        return ImageWeights(reference=source.oci)
    claim, _, folder = (source.path or "").partition("/")
    return VolumeWeights(claim=claim, folder=folder)


def _catalogue_problems(models: Sequence[ModelSettings]) -> Iterator[str]:
    for index, model in enumerate(models):
        try:
            known = architecture(model)
        except UnknownModelError as error:
            key = "baseModel" if model.base_model else f"weights.{model.weights_kind}"
            yield f"models[{index}].{key}: {error}; or set baseModel, or describe it under architecture"
            continue
        if not known.safetensors and model.weights_kind in {"huggingFace", "s3"}:
            yield (
                f"models[{index}].weights.{model.weights_kind}: {known.name} is not published as safetensors, which "
                "streaming needs; choose another model, or convert it and name it under oci or path"
            )
        reason = model.trust_remote_code.reason if model.trust_remote_code else None
        problem = remote_code_problem(known, weights(model), reason)
        if problem:
            yield f"models[{index}].trustRemoteCode: {problem}"


def _described(model: ModelSettings, given: ArchitectureSettings) -> Architecture:
    return Architecture(
        name=_name(model),
        tasks=(model.task,),
        license=model.license or "",
        **given.model_dump(),
    )


def _name(model: ModelSettings) -> str:
    source = model.weights
    return source.hugging_face or source.s3 or source.oci or source.path or model.name
