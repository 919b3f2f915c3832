"""The answer as an entry of `models`, to paste into a stack file."""

from __future__ import annotations

import re

from tools.fit.answer import Option

LONGEST_NAME = 38
"""Characters of a model's name in a stack file (`stacks/schema/models.py`)."""


def stack_entry(way: Option) -> tuple[str, ...]:
    """Lines of YAML. What nobody but the reader knows stands in angle brackets: the commit, the pool, an image."""
    serving, architecture = way.serving, way.serving.architecture
    lines = [
        f"name: {model_name(architecture.name)}",
        f"task: {serving.task}",
        *_weights(way),
        f"maxModelLen: {serving.max_model_len}",
        f"gpu: {{pool: <pool with {way.gpu.label}>, count: {serving.gpus_per_node}{_nodes(way)}}}",
        *_precision(way),
    ]
    if architecture.remote_code:
        lines.append("trustRemoteCode: {reason: <who read the Python files of this commit and why they must run>}")
    if serving.task == "transcription":
        lines.append("image: <registry>/<vLLM with vllm[audio]>:<tag> # docs/vllm_model.md, Transcription")
    first, *others = lines
    return (f"- {first}", *(f"  {line}" for line in others))


def model_name(repository: str) -> str:
    """A name that clients can use: `Qwen/Qwen3-32B` becomes `qwen3-32b`."""
    plain = re.sub(r"[^a-z0-9]+", "-", repository.rpartition("/")[2].lower())
    return plain[:LONGEST_NAME].strip("-")


def _weights(way: Option) -> tuple[str, ...]:
    architecture = way.serving.architecture
    if architecture.safetensors:
        return (f"weights: {{huggingFace: {architecture.name}, revision: <commit>}}",)
    return (
        "weights: {oci: <image with the weights as safetensors>} # the repository has none",
        f"baseModel: {architecture.name}",
    )


def _nodes(way: Option) -> str:
    return f", nodes: {way.serving.nodes}" if way.serving.nodes > 1 else ""


def _precision(way: Option) -> tuple[str, ...]:
    serving = way.serving
    formats = {"weights": serving.weights} if serving.weights != serving.architecture.checkpoint else {}
    if serving.kv_cache != "auto":
        formats["kvCache"] = serving.kv_cache
    inside = ", ".join(f"{key}: {value}" for key, value in formats.items())
    return (f"precision: {{{inside}}}",) if formats else ()
