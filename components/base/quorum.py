"""How many replicas a clustered store can have. Its quorum decides: the wrong number is slower to fail, not safer."""

from __future__ import annotations

from typing import Literal

ObjectStoreBackend = Literal["seaweedfs", "minio"]

SEAWEEDFS_REPLICAS = (1, 3, 5)
"""Every replica runs a Raft master; SeaweedFS refuses an even number (`weed/command/master.go`, checkPeers). More than
five masters only slow the election down: larger volumes are the way to more capacity."""

MINIO_REPLICAS = (1, *range(4, 17))
"""One drive, or one erasure set of 4 to 16 drives, one in each replica (MinIO documentation, erasure coding)."""


def object_store_problem(backend: ObjectStoreBackend, replicas: int) -> str | None:
    """Why `backend` cannot run with `replicas`, and what to write instead. None when it can."""
    if backend == "seaweedfs" and replicas not in SEAWEEDFS_REPLICAS:
        return f"SeaweedFS runs with 1, 3 or 5 replicas (its masters need a majority), not {replicas}"
    if backend == "minio" and replicas not in MINIO_REPLICAS:
        return f"MinIO runs with 1 or with 4 to 16 replicas (one erasure set), not {replicas}"
    return None


def vector_store_problem(replicas: int) -> str | None:
    """Why Qdrant should not run with `replicas`, and what to write instead. None when it can."""
    if replicas < 1:
        return f"Qdrant needs at least 1 replica, not {replicas}"
    if replicas == 2:  # noqa: PLR2004 # the one number that a majority makes useless
        return "Qdrant needs 1 or at least 3 replicas: of 2, neither is a majority, so losing one stops every change"
    return None
