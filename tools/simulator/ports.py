"""Ports on loopback."""

from __future__ import annotations

import random
import socket
from collections.abc import Collection

from tools.simulator.errors import SimulatorError

LOOPBACK = "127.0.0.1"
_RANGE = range(20000, 30000)
"""Below the range from which the kernel takes ports of outgoing connections, so that none of those can grab one
between the check here and the start of the process that listens on it."""
_ATTEMPTS = 200


def is_free(port: int) -> bool:
    """Whether a process could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def is_open(port: int) -> bool:
    """Whether a process listens on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def free_port(taken: Collection[int]) -> int:
    """A port that nothing listens on and that is not in `taken`."""
    for port in random.sample(_RANGE, _ATTEMPTS):
        if port not in taken and is_free(port):
            return port
    raise SimulatorError(f"no free port between {_RANGE.start} and {_RANGE.stop - 1} on {LOOPBACK}")


def require_free(port: int) -> None:
    """Raise SimulatorError when a pinned port cannot be had."""
    if not is_free(port):
        raise SimulatorError(
            f"port {port} on {LOOPBACK} is taken by another process: stop that one, pin another port, or pin none and "
            "get a free one"
        )
