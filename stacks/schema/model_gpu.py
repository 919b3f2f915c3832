"""GPUs and number of a model's replicas."""

from __future__ import annotations

from pydantic import model_validator

from stacks.schema.base import DnsLabel, PositiveInt, SettingsModel


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

    @model_validator(mode="after")
    def _divides(self) -> ModelGpuSettings:
        parts = self.pipeline_parallel * self.data_parallel
        if self.count % parts:
            message = (
                f"count ({self.count}) must be a multiple of pipelineParallel ({self.pipeline_parallel}) x "
                f"dataParallel ({self.data_parallel})"
            )
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
