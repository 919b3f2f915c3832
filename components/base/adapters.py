"""LoRA adapters: the ranks that a server can be built for, and how large an adapter is."""

from __future__ import annotations

from math import ceil

from components.base.models import Architecture

ADAPTER_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""Ranks that a slot may have (`MaxLoRARanks` of vLLM 0.33, whose 1 is left out: no adapter of use has it)."""

CPU_ADAPTERS_PER_SLOT = 2
"""Adapters in main memory for each slot of a GPU: those in the slots, and as many that change places with them. Others
are read from the disk when they are asked for."""

_FILE_BYTES = 4
"""Adapters are often saved in 32 bits, whatever the base model's format."""
_MEMORY_BYTES = 2
_GIB = 2**30
_HEADER_GIB = 4 / 1024
"""Names and places of the matrices, and the configuration: two matrices of about 100 characters each per layer and
module."""


def adapter_parameters(architecture: Architecture, rank: int) -> int:
    """Parameters of an adapter of `rank` on all attention and feed-forward matrices: `rank` times rows plus columns of
    each. Experts of a mixture are counted as one token passes them."""
    queries = architecture.heads * architecture.head_dim
    keys = architecture.kv_heads * architecture.head_dim
    hidden, wide = architecture.hidden_size, architecture.intermediate_size
    attention = 2 * (hidden + queries) + 2 * (hidden + keys)
    return rank * architecture.layers * (attention + 3 * (hidden + wide))


def adapter_file_gib(architecture: Architecture, rank: int) -> float:
    """Size of an adapter's files in GiB, at most: embedding and output head adapted too, and a header."""
    ends = 2 * rank * (architecture.vocabulary + architecture.hidden_size)
    return (adapter_parameters(architecture, rank) + ends) * _FILE_BYTES / _GIB + _HEADER_GIB


def adapter_memory_gib(architecture: Architecture, rank: int, slots: int) -> int:
    """Main memory for adapters in each GPU's process of a server with `slots`, in whole GiB."""
    held = slots * CPU_ADAPTERS_PER_SLOT
    return ceil(adapter_parameters(architecture, rank) * _MEMORY_BYTES * held / _GIB)
