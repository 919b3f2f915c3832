"""The cluster that the tests of this folder share. It lives in a temporary folder, never in `.local/`."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import count

import pytest

from components.base.node_pools import NodePool
from tools.simulator.cluster import SimulatedCluster

POOLS = (
    NodePool(name="system", role="system", cpu=16, memory_gib=64, min_nodes=3, max_nodes=3),
    NodePool(
        name="h100",
        role="gpu",
        cpu=96,
        memory_gib=1024,
        min_nodes=1,
        max_nodes=2,
        product="NVIDIA-H100-80GB-HBM3",
        gpus_per_node=8,
        memory_per_gpu_gib=79.6,
    ),
    NodePool(
        name="l40s",
        role="gpu",
        cpu=64,
        memory_gib=512,
        min_nodes=2,
        max_nodes=2,
        product="NVIDIA-L40S",
        gpus_per_node=4,
        memory_per_gpu_gib=44.5,
    ),
)
_numbers = count(1)


@pytest.fixture(scope="session")
def simulated_pools() -> tuple[NodePool, ...]:
    """One system pool of three nodes; eight GPUs on one node and four on each of two others."""
    return POOLS


@pytest.fixture(scope="session")
def simulated_cluster(
    tmp_path_factory: pytest.TempPathFactory, simulated_pools: tuple[NodePool, ...]
) -> Generator[SimulatedCluster]:
    """A running cluster, ended and removed after the last test. Tests share it and work in namespaces of their own."""
    cluster = SimulatedCluster(tmp_path_factory.mktemp("simulated-cluster"))
    try:
        cluster.start(simulated_pools, print)
        yield cluster
    finally:
        cluster.remove()


@pytest.fixture
def namespace(simulated_cluster: SimulatedCluster) -> Iterator[str]:
    """A namespace of one test."""
    name = f"test-{next(_numbers)}"
    kubectl = simulated_cluster.kubectl
    kubectl.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}])
    yield name
    kubectl.delete("namespace", name, wait=False)
