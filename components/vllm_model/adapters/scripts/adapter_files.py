"""The two files of a LoRA adapter, and whether vLLM can run them."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
PLAIN_STARTS = frozenset({"gaussian", "eva", "orthogonal", "mica", "lora_ga"})
UNSUPPORTED = ("use_dora", "lora_bias", "alora_invocation_tokens", "layer_replication", "use_bdlora", "use_qalora")

LARGEST_HEADER = 16 * 2**20
"""Bytes; more would not fit the container's memory once they are read. An adapter of a large model has 2 MiB."""
LARGEST_CONFIGURATION = 2**20


class AdapterError(Exception):
    """The adapter cannot be served; the message says why and what to do."""


def check_configuration(config: Mapping[str, Any], bases: tuple[str, ...], max_rank: int) -> None:
    """Raise AdapterError when vLLM cannot run an adapter with this configuration, or should not."""
    if config.get("peft_type") != "LORA":
        message = f"peft_type is {config.get('peft_type')!r}: only LORA is served"
        raise AdapterError(message)
    base = config.get("base_model_name_or_path")
    if base not in bases:
        message = (
            f"it was trained on {base!r}, this model is {' or '.join(bases)}: choose the right adapter, or set "
            "adapters[].baseModel if it is the same model under another name"
        )
        raise AdapterError(message)
    rank = highest_rank(config)
    if rank > max_rank:
        message = f"rank {rank} is above the {max_rank} of a slot: raise adapterSlots.rank"
        raise AdapterError(message)
    extras = [key for key in UNSUPPORTED if config.get(key)]
    start = config.get("init_lora_weights", True)
    if isinstance(start, str) and start.lower() not in PLAIN_STARTS:
        extras.append(f"init_lora_weights {start}")
    if config.get("bias", "none") != "none":
        extras.append("bias")
    if config.get("modules_to_save"):
        extras.append("modules_to_save")
    if extras:
        message = f"vLLM does not run adapters with {', '.join(extras)}: convert it to a plain LoRA adapter"
        raise AdapterError(message)


def highest_rank(config: Mapping[str, Any]) -> int:
    """The rank of the largest matrix. Raises AdapterError where it is not said."""
    pattern: Any = config.get("rank_pattern") or {}
    if not isinstance(pattern, Mapping):
        message = "rank_pattern is no object: save the adapter with peft"
        raise AdapterError(message)
    ranks: list[Any] = [config.get("r"), *pattern.values()]
    if not all(isinstance(rank, int) and rank > 0 for rank in ranks):
        message = f"r is {config.get('r')!r}: a positive number is needed"
        raise AdapterError(message)
    return max(ranks)


def check_weights(file: Path) -> None:
    """Raise AdapterError unless `file` is whole: a safetensors header and exactly the bytes that it describes."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        start = opened.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size  # noqa: PLR2004 # the format's own number
        if length >= size:
            message = f"{WEIGHTS} is no safetensors file, or cut off"
            raise AdapterError(message)
        if length > LARGEST_HEADER:
            message = f"the header of {WEIGHTS} has {length} bytes, more than the {LARGEST_HEADER} that one needs"
            raise AdapterError(message)
        try:
            header = json.loads(opened.read(length))
            ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
            described = 8 + length + max(ends, default=0)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            message = f"{WEIGHTS} is no safetensors file: its header cannot be read"
            raise AdapterError(message) from None
    if described != size:
        message = f"{WEIGHTS} has {size} bytes, its header describes {described}: it is cut off"
        raise AdapterError(message)


def json_object(file: Path) -> dict[str, Any]:
    """Content of a JSON file. Raises AdapterError unless it is an object."""
    if file.stat().st_size > LARGEST_CONFIGURATION:
        message = f"{file.name} has more than {LARGEST_CONFIGURATION} bytes: it is no configuration of an adapter"
        raise AdapterError(message)
    try:
        found = json.loads(file.read_text("utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        message = f"{file.name} is no JSON object"
        raise AdapterError(message)
    return found
