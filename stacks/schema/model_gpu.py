"""GPUs and number of a model's replicas."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from stacks.schema.base import DnsLabel, PositiveInt, SettingsModel


class SeveralNodesSettings(SettingsModel):
    """Keeps a model on several nodes although one node holds it."""

    reason: Annotated[str, Field(min_length=10)]
    """Why, for whoever reads the stack file next."""


class ModelGpuSettings(SettingsModel):
    """GPUs of one replica."""

    pool: DnsLabel
    """Name of a node pool with GPUs."""
    count: PositiveInt = 1
    """GPUs (or MIG slices, or shares) of one replica on each of its nodes."""
    nodes: PositiveInt = 1
    """Nodes that one replica lies on: tensor parallelism inside a node, one pipeline stage or more on each. 1 is faster
    and simpler wherever a node holds the model."""
    pipeline_parallel: PositiveInt = 1
    """Pipeline stages among the GPUs of one node; the rest of `count` is tensor parallelism. 1 is faster wherever the
    heads can be shared out."""
    data_parallel: PositiveInt = 1
    """Copies of the model among the GPUs of one node, behind one server."""
    several_nodes: SeveralNodesSettings | None = None
    """Given: `nodes` is meant although one node holds the model, which is refused otherwise."""

    @model_validator(mode="after")
    def _divides(self) -> ModelGpuSettings:
        parts = self.pipeline_parallel * self.data_parallel
        if self.count % parts:
            message = (
                f"count ({self.count}) must be a multiple of pipelineParallel ({self.pipeline_parallel}) x "
                f"dataParallel ({self.data_parallel})"
            )
            raise ValueError(message)
        if self.nodes > 1 and self.data_parallel > 1:
            message = (
                f"dataParallel ({self.data_parallel}) and nodes ({self.nodes}) exclude each other: set dataParallel to "
                "1 and raise replicas, which are copies too"
            )
            raise ValueError(message)
        if self.several_nodes and self.nodes == 1:
            message = "severalNodes is for nodes above 1: remove it or raise nodes"
            raise ValueError(message)
        return self


class ReplicaSettings(SettingsModel):
    """How many servers a model has."""

    min: Annotated[int, Field(ge=0)] = 1
    """Replicas that always run. 0: the model stops when nobody asks for it and starts with the next request, which is
    refused until the weights are loaded."""
    max: PositiveInt = 1
    """Replicas that the pool must be able to hold. More than `min`: the number follows the load (`scaling`)."""

    @model_validator(mode="after")
    def _ordered(self) -> ReplicaSettings:
        if self.min > self.max:
            message = f"min ({self.min}) is more than max ({self.max}): swap them or raise max"
            raise ValueError(message)
        return self
