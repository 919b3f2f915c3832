"""Let the SDK decode each message of a request once, and not once for every policy.

Measured on a thousand resources and five policies: decoding was most of the pack's time. The SDK's functions remember,
until the request is over, what they made of a message. Its proxies, which raise where a value is unknown, are left out:
`normalise` marks unknown values itself.
"""

# The SDK lives in the pack's own environment only, where the program's type checker does not look.
# pyright: reportMissingImports=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from google.protobuf import struct_pb2
from pulumi_policy import policy as sdk
from pulumi_policy.version import VERSION

KNOWN_VERSION = "1.21.0"
"""The release whose insides this knows. With another one the pack decodes as the SDK does: slower, and as right."""

_MOST_KEPT = 200_000
"""Entries after which all are forgotten, should the policy that ends a request be disabled."""

_ALLOCATIONS = 50_000
"""Objects made since the last look that are reason for the next one; Python's default is 700."""

_Function = Callable[..., Any]


class _Memory(threading.local):
    """What the functions made of each message. It holds the messages too: an id is only theirs while they live."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, int], tuple[Any, Any]] = {}


_memory = _Memory()


def decode_once() -> bool:
    """From now on decode once. Returns whether the SDK's release is one that this knows."""
    if VERSION != KNOWN_VERSION:
        return False
    if not isinstance(sdk.json_format, SimpleNamespace):
        sdk.json_format = SimpleNamespace(MessageToDict=_remembering("message", members))
        sdk.deserialize_properties = _remembering("properties", sdk.deserialize_properties)
        sdk.unknown_checking_proxy = _bare
    return True


def collect_rarely() -> None:
    """Look for garbage a tenth as often. What the pack reads stays until it ends: looking through it again and again,
    and through all modules, took a third of the time for five thousand resources."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, *gc.get_threshold()[1:])


def forget() -> None:
    """The request is over."""
    _memory.kept.clear()


def members(message: struct_pb2.Struct) -> dict[str, Any]:
    """What `google.protobuf.json_format.MessageToDict` makes of a Struct, without asking what kind of message it is."""
    return {key: _member(value) for key, value in message.fields.items()}


def _member(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return members(value.struct_value)
    if kind == "list_value":
        return [_member(item) for item in value.list_value.values]
    return None if kind is None or kind == "null_value" else getattr(value, kind)


def _bare(properties: dict[str, Any]) -> dict[str, Any]:
    return properties


def _remembering(name: str, function: _Function) -> _Function:
    def remembered(argument: Any, *others: Any) -> Any:
        if others:
            return function(argument, *others)
        kept = _memory.kept
        found = kept.get((name, id(argument)))
        if found is None:
            if len(kept) > _MOST_KEPT:
                kept.clear()
            found = kept[(name, id(argument))] = (argument, function(argument))
        return found[1]

    return remembered
