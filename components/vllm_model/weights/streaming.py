"""Weights that the server streams from the object store straight into its GPUs."""

from __future__ import annotations

import json

import pulumi

from components.base.model_weights import StreamedWeights
from components.base.pod_sizes import STREAM_BUFFER_BYTES
from components.base.serving import Serving

_STREAMS = 16
"""Connections of each GPU's streamer to the object store (the value of vLLM's own example)."""


def streamed_path(weights: StreamedWeights, bucket: pulumi.Input[str]) -> pulumi.Output[str]:
    """The model's path: `s3://<bucket>/<prefix>`."""
    return pulumi.Output.concat("s3://", bucket, "/", weights.prefix)


def streaming_arguments(serving: Serving) -> tuple[str, ...]:
    """Arguments of the server."""
    # With several GPUs each process reads its part of the files and hands it on; otherwise each would read them all.
    options = {"concurrency": _STREAMS, "memory_limit": STREAM_BUFFER_BYTES, "distributed": serving.gpus > 1}
    return ("--load-format=runai_streamer", f"--model-loader-extra-config={json.dumps(options)}")
