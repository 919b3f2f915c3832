"""Models to serve: weights, number format, context and GPUs of each."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, JsonValue, field_validator, model_validator

from components.base.adapters import ADAPTER_RANKS
from components.base.gpus import KvCacheFormat, WeightFormat
from components.base.models import TEXT_TASKS, Task
from components.base.priorities import Priority
from components.base.serving import DEFAULT_MAX_NUM_SEQS
from components.base.tasks import TASKS
from stacks.schema.base import DnsLabel, PositiveInt, SettingsModel
from stacks.schema.model_adapters import AdapterSettings, AdapterSlotSettings
from stacks.schema.model_architecture import ArchitectureSettings
from stacks.schema.model_gpu import ModelGpuSettings, ReplicaSettings
from stacks.schema.model_media import MediaSettings
from stacks.schema.model_parsers import ReasoningParser, ToolCallParser
from stacks.schema.model_remote_code import RemoteCodeSettings
from stacks.schema.model_rollout import RolloutSettings
from stacks.schema.model_scaling import ScalingSettings
from stacks.schema.model_throughput import ThroughputSettings
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
    scaling: ScalingSettings | None = None
    """When replicas are added and taken away, where `replicas.min` and `replicas.max` differ; null: the defaults."""
    rollout: RolloutSettings = RolloutSettings()
    """How a new version takes over."""
    throughput: ThroughputSettings | None = None
    """Measured speed of a replica, for the price of its tokens; null: estimated."""
    aliases: tuple[DnsLabel, ...] = ()
    """Other names for the model, such as a name that clients have used before."""
    adapters: tuple[AdapterSettings, ...] = ()
    """LoRA adapters."""
    adapter_slots: AdapterSlotSettings = AdapterSlotSettings()
    """Places for adapters in GPU memory."""
    priority: Priority = "platform-standard"
    """Priority class of the servers."""
    gpu_memory_utilization: Annotated[float, Field(ge=0.3, le=0.97)] = 0.90
    """Share of each GPU (slice, time-sliced share) that the server may use. What is left covers fragmentation and
    what the driver keeps."""
    prefix_cache_share: Annotated[float, Field(ge=0, le=0.9)] = 0.0
    """Share of the KV cache that the capacity check leaves to prefixes which requests have in common. 0: running
    requests may push all of them out; about 0.1 where many requests begin with the same long text."""
    max_num_seqs: Annotated[int, Field(ge=1, le=1024)] = DEFAULT_MAX_NUM_SEQS
    """Requests that one replica works on at once; more wait in its queue."""
    max_queued_requests: Annotated[int, Field(ge=0)] | None = None
    """Requests that may wait in the queue of one replica; more are refused with 503, which the gateway answers from a
    fallback or another replica. null: as many as are worked on."""
    media: MediaSettings = MediaSettings()
    """Images and videos of a request."""
    chat_template: str | None = None
    """Jinja template that turns messages into a prompt, as text; null: the model's own."""
    config_overrides: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    """Fields of the model's `config.json` to replace while serving (`--hf-overrides`). Some rerankers need it."""
    trust_remote_code: RemoteCodeSettings | None = None
    """Permission for Python files of the weights to run; null: none runs, and a model that needs them is refused."""
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
        if self.scaling and self.replicas.min == self.replicas.max:
            return (
                f"scaling: replicas.min and replicas.max are both {self.replicas.max}, so nothing is scaled; raise "
                "replicas.max, lower replicas.min or remove scaling"
            )
        if self.scaling and self.scaling.idle_seconds is not None and self.replicas.min > 0:
            return (
                f"scaling.idleSeconds: replicas.min is {self.replicas.min}, so the last replica never stops; set "
                "replicas.min to 0 or remove idleSeconds"
            )
        if self.base_model and self.architecture:
            return "baseModel and architecture exclude each other: remove one"
        if self.task == "transcription" and self.image is None:
            return "task transcription needs image: build vLLM with vllm[audio] (docs/vllm_model.md) and name it here"
        parsers = self.tool_call_parser or self.reasoning_parser
        if parsers and self.task not in TEXT_TASKS - {"transcription"}:
            return f"task {self.task} generates no text: remove toolCallParser and reasoningParser"
        return self._adapter_problem() or self._media_problem()

    def _adapter_problem(self) -> str | None:
        if not self.adapters:
            if self.adapter_slots != AdapterSlotSettings():
                return "adapterSlots: there are no adapters: add some or remove adapterSlots"
            return None
        if not TASKS[self.task].adapters:
            return f"adapters: task {self.task} cannot have any: merge an adapter into weights of its own"
        if self.gpu.nodes > 1:
            return f"adapters: a model on {self.gpu.nodes} nodes cannot have any: use gpu.nodes: 1, or merge an adapter"
        for index, adapter in enumerate(self.adapters):
            if adapter.rank > self.adapter_slots.rank:
                fitting = next(rank for rank in ADAPTER_RANKS if rank >= adapter.rank)
                return (
                    f"adapters[{index}].rank: {adapter.rank} is above the {self.adapter_slots.rank} of a slot; set "
                    f"adapterSlots.rank: {fitting}, or train it with a lower rank"
                )
        return None

    def _media_problem(self) -> str | None:
        if self.media != MediaSettings() and self.task not in {"vision", "image-embedding"}:
            return f"media: task {self.task} takes no images: remove it, or serve the model as vision"
        if self.media.videos and self.task == "image-embedding":
            return "media.videos: task image-embedding takes one image or one text: set it to 0"
        if self.chat_template is not None and self.task in {"completion", "transcription"}:
            return f"chatTemplate: task {self.task} has no messages: remove it"
        return None

    @property
    def weights_kind(self) -> Literal["huggingFace", "s3", "oci", "path"]:
        """Key of the source that is set."""
        if self.weights.hugging_face:
            return "huggingFace"
        if self.weights.s3:
            return "s3"
        return "oci" if self.weights.oci else "path"
