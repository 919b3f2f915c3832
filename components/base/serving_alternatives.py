"""The nearest ways to serve a model that does not fit as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from components.base.node_pools import NodePool
from components.base.serving import Serving
from components.base.serving_rules import SIXTEEN_BITS, splits_evenly, works_on

_CONTEXT_STEP = 1024
_ALTERNATIVES = 3
_MOST_NODES = 4
"""Nodes of one replica that are tried: more make every token wait for more hops than a user does."""


def counts(serving: Serving, pool: NodePool) -> Iterator[Serving]:
    """`serving` on each larger number of GPUs that a node of the pool has and that the heads can be shared over."""
    parts = serving.pipeline_parallel // serving.nodes * serving.data_parallel
    for gpus in range(serving.gpus_per_node + 1, pool.units_per_node + 1):
        if gpus % parts == 0:
            yield replace(serving, tensor_parallel=gpus // parts)


def on_nodes(serving: Serving, pool: NodePool) -> Iterator[Serving]:
    """`serving` on two and more whole nodes of the pool: tensor parallelism inside each, a pipeline stage on each."""
    whole = next(
        (gpus for gpus in range(pool.units_per_node, 0, -1) if splits_evenly(serving.architecture, gpus)), None
    )
    if whole is None:
        return
    for nodes in range(2, min(pool.max_nodes, _MOST_NODES) + 1):
        yield replace(serving, tensor_parallel=whole, pipeline_parallel=nodes, data_parallel=1, nodes=nodes)


def alternatives(serving: Serving, pool: NodePool, pools: Iterable[NodePool]) -> tuple[str, ...]:
    """Nearest changes of the settings with which `serving` fits, the smallest first: fewer places for adapters, other
    formats on the same GPUs, more GPUs of the pool's nodes, a shorter context, another pool, several nodes."""
    found: list[str] = []
    slots = _fewer_slots(serving, pool)
    if slots:
        found.append(f"adapterSlots.count: {slots}")
    for changed, text in _other_formats(serving):
        if works_on(changed, pool):
            found.append(text)
            break
    wider = next((option for option in counts(serving, pool) if works_on(option, pool)), None)
    if wider:
        found.append(f"gpu.count: {wider.gpus_per_node}")
    shorter = longest_context(serving, pool)
    if shorter:
        found.append(f"maxModelLen: {shorter}")
    found.extend(_elsewhere(serving, pool, pools))
    spread = None if wider else next((way for way in on_nodes(serving, pool) if works_on(way, pool)), None)
    if spread:
        found.append(f"gpu: {{count: {spread.gpus_per_node}, nodes: {spread.nodes}}}")
    return tuple(found[:_ALTERNATIVES])


def longest_context(serving: Serving, pool: NodePool) -> int:
    """Longest context, in steps of 1,024 tokens, that fits the pool with the same GPUs; 0 when none does."""
    low, high = 0, serving.max_model_len // _CONTEXT_STEP
    while low < high:
        middle = (low + high + 1) // 2
        if works_on(replace(serving, max_model_len=middle * _CONTEXT_STEP), pool):
            low = middle
        else:
            high = middle - 1
    return low * _CONTEXT_STEP


def _fewer_slots(serving: Serving, pool: NodePool) -> int:
    """Most places for adapters with which `serving` fits; 0 when none help."""
    fewer = range(serving.adapter_slots - 1, 0, -1)
    return next((slots for slots in fewer if works_on(replace(serving, adapter_slots=slots), pool)), 0)


def _other_formats(serving: Serving) -> Iterator[tuple[Serving, str]]:
    if serving.kv_cache == "auto":
        yield replace(serving, kv_cache="fp8"), "precision.kvCache: fp8"
    if serving.weights in SIXTEEN_BITS:
        yield replace(serving, weights="fp8"), "precision.weights: fp8"
        yield replace(serving, weights="fp8", kv_cache="fp8"), "precision: {weights: fp8, kvCache: fp8}"


def _elsewhere(serving: Serving, pool: NodePool, pools: Iterable[NodePool]) -> Iterator[str]:
    for other in pools:
        if other.role != "gpu" or other.name == pool.name:
            continue
        single = replace(serving, tensor_parallel=1, pipeline_parallel=1, data_parallel=1, nodes=1)
        option = next((way for way in (single, *counts(single, other)) if works_on(way, other)), None)
        if option:
            yield f"gpu: {{pool: {other.name}, count: {option.gpus}}}"
