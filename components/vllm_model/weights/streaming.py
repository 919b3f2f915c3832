"""Weights that the server streams from the object store straight into its GPUs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pulumi

from components.base.model_weights import StoredWeights
from components.base.pod_security import resources
from components.base.pod_sizes import STREAM_BUFFER_BYTES
from components.base.serving import Serving
from components.vllm_model.weights.programs import program_container

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import ContainerArgsDict, EnvVarArgsDict

_STREAMS = 16
"""Connections of each GPU's streamer to the object store (the value of vLLM's own example)."""


def streamed_path(weights: StoredWeights, bucket: pulumi.Input[str]) -> pulumi.Output[str]:
    """The model's path: `s3://<bucket>/<prefix>`."""
    return pulumi.Output.concat("s3://", bucket, "/", weights.prefix)


def streaming_arguments(serving: Serving) -> tuple[str, ...]:
    """Arguments of the server. The streamer reads files of the pod too, many parts at a time, with the same buffer."""
    # With several GPUs each process reads its part of the files and hands it on; otherwise each would read them all.
    # Over several nodes that would send the whole checkpoint through the network between them.
    shared = serving.gpus > 1 and serving.nodes == 1
    options = {"concurrency": _STREAMS, "memory_limit": STREAM_BUFFER_BYTES, "distributed": shared}
    return ("--load-format=runai_streamer", f"--model-loader-extra-config={json.dumps(options)}")


def check_container(image: str, environment: list[EnvVarArgsDict]) -> ContainerArgsDict:
    """The init container that compares the bucket's listing with what was declared."""
    return program_container(
        name="check-weights",
        program="check_weights",
        image=image,
        environment=environment,
        size=resources(cpu="500m", memory="512Mi"),
    )
