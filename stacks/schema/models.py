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
from stacks.schema.model_parsers import ReasoningParser, ToolCallParser

_SERVICE_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_LONGEST_NAME = 38
"""Leaves room for the suffixes of what belongs to a model: an IAM role `model-<name>-writer-role-<7 digits>` has at
most 64 characters, the value of a label 63."""
_SOURCES = "huggingFace (with revision), s3, oci or path"


class WeightsSettings(SettingsModel):
    """Where the weights come from: exactly one source."""

    hugging_face: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")] | None = None
    """Hugging Face repository (`Qwen/Qwen3-8B`). A job copies it to the object store once; servers read it there."""
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None
    """Commit of the repository, 40 hexadecimal digits. A branch can move, a commit cannot."""
    s3: Annotated[str, Field(pattern=r"^s3://models/[\w./-]*[\w.-]$")] | None = None
    """`s3://models/<prefix>`: a checkpoint that was put into the platform's own bucket for models. `models` stands for
    that bucket, whatever the substrate calls it."""
    oci: Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:[0-9]+)?/[\w./-]+(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$")] | None = (
        None
    )
    """Image that holds the checkpoint in its root, with a tag or a digest. It is mounted read-only."""
    path: Annotated[str, Field(pattern=r"^[a-z0-9][-a-z0-9.]*(/[\w.-]+)*$")] | None = None
    """`<claim>/<folder>`: a folder on an existing PersistentVolumeClaim of namespace models, mounted read-only."""

    @model_validator(mode="after")
    def _one_source(self) -> WeightsSettings:
        given = [source for source in (self.hugging_face, self.s3, self.oci, self.path) if source is not None]
        if len(given) != 1:
            message = f"set exactly one of {_SOURCES}; {len(given)} are set"
            raise ValueError(message)
        if self.hugging_face and self.revision is None:
            message = (
                f"set revision to a commit of the repository (40 hexadecimal digits, see "
                f"https://huggingface.co/{self.hugging_face}/commits/main)"
            )
            raise ValueError(message)
        if self.revision and not self.hugging_face:
            message = "revision belongs to huggingFace: remove it"
            raise ValueError(message)
        return self


class PrecisionSettings(SettingsModel):
    """Number formats while serving."""

    weights: WeightFormat | None = None
    """Format of the weights; null: as published. 16-bit weights can be turned into fp8 while they are loaded, every
    other format must be the published one."""
    kv_cache: KvCacheFormat = "auto"
    """Format of the KV cache; `fp8` halves it and needs an Ada GPU or newer."""


class ModelGpuSettings(SettingsModel):
    """GPUs of one replica."""

    pool: DnsLabel
    """Name of a node pool with GPUs."""
    count: PositiveInt = 1
    """GPUs (or MIG slices, or shares) of one replica, all on one node."""
    pipeline_parallel: PositiveInt = 1
    """Pipeline stages among those GPUs; the rest of `count` is tensor parallelism. 1 is faster wherever the heads can
    be shared out."""

    @model_validator(mode="after")
    def _divides(self) -> ModelGpuSettings:
        if self.count % self.pipeline_parallel:
            message = f"count ({self.count}) must be a multiple of pipelineParallel ({self.pipeline_parallel})"
            raise ValueError(message)
        return self


class ReplicaSettings(SettingsModel):
    """How many servers a model has."""

    min: PositiveInt = 1
    """Replicas that always run. No autoscaler could start the first one, so it is at least 1."""
    max: PositiveInt = 1
    """Replicas that the pool must be able to hold."""

    @model_validator(mode="after")
    def _ordered(self) -> ReplicaSettings:
        if self.min > self.max:
            message = f"min ({self.min}) is more than max ({self.max}): swap them or raise max"
            raise ValueError(message)
        return self


class ArchitectureSettings(SettingsModel):
    """Architecture of a model that the catalogue lacks, as its `config.json` says."""

    parameters_billion: float = Field(gt=0)
    """All weights, in billions."""
    expert_parameters_billion: float = Field(ge=0, default=0)
    """Weights inside routed experts, in billions; 0 for a dense model."""
    layers: PositiveInt
    """`num_hidden_layers`."""
    hidden_size: PositiveInt
    """`hidden_size`."""
    intermediate_size: PositiveInt
    """`intermediate_size`, or experts per token times `moe_intermediate_size`."""
    heads: PositiveInt
    """`num_attention_heads`."""
    kv_heads: PositiveInt
    """`num_key_value_heads`."""
    head_dim: PositiveInt
    """`head_dim`, or `hidden_size` divided by the heads."""
    vocabulary: PositiveInt
    """`vocab_size`."""
    max_context: PositiveInt
    """`max_position_embeddings`."""
    checkpoint: WeightFormat = "bf16"
    """Format of the published weights."""
    tied_embeddings: bool = False
    """`tie_word_embeddings`."""
    sliding_layers: int = Field(ge=0, default=0)
    """Layers that keep only the last `slidingWindow` tokens."""
    sliding_window: int = Field(ge=0, default=0)
    """`sliding_window`."""
    latent_size: int = Field(ge=0, default=0)
    """`kv_lora_rank` plus `qk_rope_head_dim` of multi-head latent attention; 0 for others."""
    encoder_only: bool = False
    """Whether it is an encoder (BERT, XLM-RoBERTa), which keeps no KV cache."""
    source: Annotated[str, Field(pattern=r"^https://")]
    """Link to the `config.json` that the numbers come from."""


class AdapterSettings(SettingsModel):
    """A LoRA adapter."""

    name: DnsLabel
    """Name that clients use."""
    s3: str
    """Prefix of the adapter in the object store."""


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
