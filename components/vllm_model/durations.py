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
_FILL_SECONDS_PER_GIB = 60
"""Copying to a volume that many nodes mount, about 17 MiB a second: such volumes are often replicated NFS."""
_PULL = 900
"""Pulling the image (9 GB compressed) on a new node."""
_STOP_MARGIN = 15


def startup_seconds(serving: Serving) -> int:
    """From the container's start until it must answer, in whole probe periods.

    The pods of a replica on several nodes wait for each other, also for one whose node still pulls the image.
    """
    loading = checkpoint_gib(serving) * _LOAD_SECONDS_PER_GIB
    others = _PULL if serving.nodes > 1 else 0
    return ceil((max(_LEAST_STARTUP, _COMPILE_AND_CAPTURE + loading) + others) / PROBE_PERIOD) * PROBE_PERIOD


def rollout_seconds(serving: Serving) -> int:
    """From a change of the Deployment until a new pod must be ready. It may copy the weights to its node first."""
    copying = ceil(checkpoint_gib(serving) * _LOAD_SECONDS_PER_GIB)
    return _PULL + copying + startup_seconds(serving)


def grace_seconds(drain_seconds: int) -> int:
    """`terminationGracePeriodSeconds`: leave the endpoints, finish requests, free the GPU."""
    return ENDPOINT_REMOVAL + drain_seconds + _STOP_MARGIN


def preload_seconds(serving: Serving) -> int:
    """For the image pull and the copy of the weights from the hub."""
    return _PULL + ceil(checkpoint_gib(serving) * _COPY_SECONDS_PER_GIB)


def fill_seconds(serving: Serving) -> int:
    """For the image pull and the copy of the weights to a shared volume."""
    return _PULL + ceil(checkpoint_gib(serving) * _FILL_SECONDS_PER_GIB)


def patience(seconds: int) -> pulumi.ResourceOptions:
    """The engine waits ten minutes by default, less than large weights take."""
    timeout = f"{seconds}s"
    return pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout))
