"""Values on the wire between program and monitor: secrets are wrapped, numbers are doubles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

SECRET_SIGNATURE = ("4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270")
"""Key and value that mark a wrapped secret (pulumi SDK, `runtime/rpc.py`)."""

REDACTED = "[secret]"


def is_secret(value: Any) -> bool:
    """Whether `value` is a wrapped secret."""
    return isinstance(value, dict) and value.get(SECRET_SIGNATURE[0]) == SECRET_SIGNATURE[1]


def as_secret(value: Any) -> dict[str, Any]:
    """Wrap `value` as a secret."""
    return {SECRET_SIGNATURE[0]: SECRET_SIGNATURE[1], "value": value}


def plain(value: Any) -> Any:
    """`value` with whole doubles as integers again; secrets stay wrapped. Lists and dicts are copied."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def clear(value: Any) -> Any:
    """`value` without secret wrappers: clear text, for the API server only."""
    if is_secret(value):
        return clear(value["value"])
    if isinstance(value, dict):
        return {key: clear(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clear(item) for item in value]
    return value


def redacted(value: Any, *, inside_secret: bool = False) -> Any:
    """`value` with each secret leaf replaced by `[secret]`, so that the shape stays valid."""
    if is_secret(value):
        return redacted(value["value"], inside_secret=True)
    if isinstance(value, dict):
        return {key: redacted(item, inside_secret=inside_secret) for key, item in value.items()}
    if isinstance(value, list):
        return [redacted(item, inside_secret=inside_secret) for item in value]
    return REDACTED if inside_secret else value


def secret_paths(value: Any, path: str = "", *, inside_secret: bool = False) -> Iterator[str]:
    """Paths (`spec.env[0].value`) of all secret leaves of `value`."""
    if is_secret(value):
        yield from secret_paths(value["value"], path, inside_secret=True)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from secret_paths(item, f"{path}.{key}" if path else key, inside_secret=inside_secret)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from secret_paths(item, f"{path}[{index}]", inside_secret=inside_secret)
    elif inside_secret:
        yield path
