"""Whether the gateway's configuration fits a ConfigMap: it grows with the models of the stack."""

from __future__ import annotations

from collections.abc import Mapping

from components.inference_gateway.errors import GatewayError

MOST_BYTES = 2**20
"""What the API server takes in all values of a ConfigMap together."""

_MIB = 2**20


def checked_size(data: Mapping[str, str], models: int) -> dict[str, str]:
    """`data` as it is. Raises GatewayError where no ConfigMap holds it, which would show only when it is deployed."""
    size = sum(len(text.encode()) for text in data.values())
    if size > MOST_BYTES:
        message = (
            f"models: the gateway's configuration for {models} models has {size / _MIB:.2f} MiB, and a ConfigMap holds "
            f"{MOST_BYTES // _MIB}; serve at most about {models * MOST_BYTES // size} from one stack, the rest from "
            "a second one"
        )
        raise GatewayError(message)
    return dict(data)
