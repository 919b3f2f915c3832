"""Models to serve: weights, number format, context and GPUs of each."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from components.base.gpus import KvCacheFormat, WeightFormat
from components.base.models import TEXT_TASKS, Task
from components.base.priorities import Priority
from components.base.serving import DEFAULT_MAX_NUM_SEQS
from stacks.schema.base import DnsLabel, PositiveInt, SettingsModel
from stacks.schema.model_adapters import AdapterSettings
from stacks.schema.model_architecture import ArchitectureSettings
from stacks.schema.model_gpu import ModelGpuSettings, ReplicaSettings
from stacks.schema.model_parsers import ReasoningParser, ToolCallParser
from stacks.schema.model_weights import WeightsSettings

_SERVICE_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_LONGEST_NAME = 38
"""Leaves room for the suffixes of what belongs to a model: an IAM role `model-<name>-writer-role-<7 digits>` has at
most 64 characters, the value of a label 63."""


class PrecisionSettings(SettingsModel):
    """Number formats while serving."""

    weights: WeightFormat | None = None
    """Format of the weights; null: as published. 16-bit weights can be turned into fp8 while they are loaded, every
    other format must be the published one."""
    kv_cache: KvCacheFormat = "auto"
    """Format of the KV cache; `fp8` halves it and needs an Ada GPU or newer."""


class ModelSettings(SettingsModel):
    """One model behind the gateway."""

    name: DnsLabel
    """Name that clients use, and name of the Service: starts with a letter, at most 38 characters."""
    task: Task
    """What the model is served for; it decides arguments, routes and the gateway's entry."""
    weights: WeightsSettings
    """Where the weights come from."""
    source: Annotated[str, Field(pattern=r"^https://")] | None = None
    """Link to where the weights and their revision can be looked up."""
    license: str | None = None
    """Licence note for reports, where it differs from the catalogue's."""
    base_model: str | None = None
    """Catalogue entry whose architecture the weights have: for fine-tuned or re-quantized weights and for weights that
    are not on Hugging Face."""
    architecture: ArchitectureSettings | None = None
    """Architecture of a model that the catalogue lacks; excludes `baseModel`."""
    precision: PrecisionSettings = PrecisionSettings()
    """Number formats."""
    max_model_len: PositiveInt
    """Longest request in tokens, question and answer together."""
    gpu: ModelGpuSettings
    """GPUs of one replica."""
    replicas: ReplicaSettings = ReplicaSettings()
    """Number of servers."""
    adapters: tuple[AdapterSettings, ...] = ()
    """LoRA adapters."""
    priority: Priority = "platform-standard"
    """Priority class of the servers."""
    gpu_memory_utilization: Annotated[float, Field(ge=0.3, le=0.97)] = 0.90
    """Share of each GPU (slice, time-sliced share) that the server may use. What is left covers fragmentation and
    what the driver keeps."""
    max_num_seqs: Annotated[int, Field(ge=1, le=1024)] = DEFAULT_MAX_NUM_SEQS
    """Requests that one replica works on at once; more wait in its queue."""
    tool_call_parser: ToolCallParser | None = None
    """Parser of the model's tool calls; null: no tool calls."""
    reasoning_parser: ReasoningParser | None = None
    """Parser of the model's reasoning; null: reasoning stays in the answer."""
    image: (
        Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:[0-9]+)?/[\w./-]+(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$")] | None
    ) = None
    """Image of an own vLLM build, with a tag or a digest; null: the pinned release. Needed for transcription, whose
    audio libraries are not in the released image."""

    @field_validator("name")
    @classmethod
    def _service_name(cls, name: str) -> str:
        if not _SERVICE_NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
            message = f"{name!r} must start with a letter and have at most {_LONGEST_NAME} characters"
            raise ValueError(message)
        return name

    @field_validator("adapters")
    @classmethod
    def _no_adapters(cls, adapters: tuple[AdapterSettings, ...]) -> tuple[AdapterSettings, ...]:
        if adapters:
            message = "LoRA adapters are not served: remove them, or merge an adapter into weights of its own"
            raise ValueError(message)
        return adapters

    @field_validator("image")
    @classmethod
    def _pinned(cls, image: str | None) -> str | None:
        if image and "@" not in image and (":" not in image.rsplit("/", 1)[-1] or image.endswith(":latest")):
            message = f"{image!r} names no version: add an exact tag or a digest"
            raise ValueError(message)
        return image

    @model_validator(mode="after")
    def _consistent(self) -> ModelSettings:
        problem = self._problem()
        if problem:
            raise ValueError(problem)
        return self

    def _problem(self) -> str | None:
        if self.base_model and self.architecture:
            return "baseModel and architecture exclude each other: remove one"
        if self.task == "transcription" and self.image is None:
            return "task transcription needs image: build vLLM with vllm[audio] (docs/vllm_model.md) and name it here"
        parsers = self.tool_call_parser or self.reasoning_parser
        if parsers and self.task not in TEXT_TASKS - {"transcription"}:
            return f"task {self.task} generates no text: remove toolCallParser and reasoningParser"
        return None

    @property
    def weights_kind(self) -> Literal["huggingFace", "s3", "oci", "path"]:
        """Key of the source that is set."""
        if self.weights.hugging_face:
            return "huggingFace"
        if self.weights.s3:
            return "s3"
        return "oci" if self.weights.oci else "path"
