"""How long a model server may take to start and to stop. All in seconds."""

from __future__ import annotations

from math import ceil

import pulumi

from components.base.memory_terms import checkpoint_gib
from components.base.serving import Serving

PROBE_PERIOD = 10
ENDPOINT_REMOVAL = 15
"""A stopping server keeps accepting for this long: the gateway may not know yet that it leaves."""

_LEAST_STARTUP = 1800
_COMPILE_AND_CAPTURE = 900
"""Compilation and CUDA graphs without a warm cache."""
_LOAD_SECONDS_PER_GIB = 10
"""Loading over a saturated gigabit network, about 100 MiB a second. Faster networks only finish earlier."""
_COPY_SECONDS_PER_GIB = 200
"""Copying from the hub over a slow line, about 5 MiB a second."""
_PULL = 900
"""Pulling the image (9 GB compressed) on a new node."""
_STOP_MARGIN = 15


def startup_seconds(serving: Serving) -> int:
    """From the container's start until it must answer, in whole probe periods."""
    loading = checkpoint_gib(serving) * _LOAD_SECONDS_PER_GIB
    return ceil(max(_LEAST_STARTUP, _COMPILE_AND_CAPTURE + loading) / PROBE_PERIOD) * PROBE_PERIOD


def rollout_seconds(serving: Serving) -> int:
    """From a change of the Deployment until a new pod must be ready."""
    return _PULL + startup_seconds(serving)


def grace_seconds(drain_seconds: int) -> int:
    """`terminationGracePeriodSeconds`: leave the endpoints, finish requests, free the GPU."""
    return ENDPOINT_REMOVAL + drain_seconds + _STOP_MARGIN


def preload_seconds(serving: Serving) -> int:
    """For the image pull and the copy of the weights from the hub."""
    return _PULL + ceil(checkpoint_gib(serving) * _COPY_SECONDS_PER_GIB)


def patience(seconds: int) -> pulumi.ResourceOptions:
    """The engine waits ten minutes by default, less than large weights take."""
    timeout = f"{seconds}s"
    return pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout))
