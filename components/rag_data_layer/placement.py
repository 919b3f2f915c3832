"""One replica per node: the loss of a node must cost a store no more than one of its copies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from components.base import labels
from components.base.node_pools import NodePool
from components.rag_data_layer.errors import DataLayerError

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import AffinityArgsDict

NODE = "kubernetes.io/hostname"


def one_per_node(name: str, component: str) -> AffinityArgsDict:
    """Keeps pods of the same workload on different nodes."""
    return {
        "pod_anti_affinity": {
            "required_during_scheduling_ignored_during_execution": [
                {
                    "label_selector": {"match_labels": labels.selector_labels(name, component)},
                    "topology_key": NODE,
                }
            ]
        }
    }


def require_nodes(setting: str, replicas: int, pools: Iterable[NodePool]) -> None:
    """Check that there is a node for each of `replicas`; GPU nodes are tainted and take none of them.

    Raises DataLayerError naming `setting` (a key path of the stack file) when pods would stay pending for ever.
    """
    nodes = sum(pool.min_nodes for pool in pools if pool.role == "system")
    if replicas > nodes:
        message = (
            f"{setting}: {replicas} replicas need {replicas} nodes of role system, the pools have {nodes} at least: "
            "lower it or raise nodes.min of a system pool"
        )
        raise DataLayerError(message)
