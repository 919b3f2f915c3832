from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.base.quorum import MINIO_REPLICAS, SEAWEEDFS_REPLICAS, object_store_problem, vector_store_problem
from components.rag_data_layer import minio_config, seaweedfs_config
from components.rag_data_layer.object_store import bucket_name, hosts

CAPACITY = st.integers(min_value=10, max_value=200_000)
BUCKETS = 5


@given(capacity=CAPACITY, replicas=st.sampled_from(SEAWEEDFS_REPLICAS))
def test_seaweedfs_volumes_hold_what_was_asked_with_all_copies(capacity: int, replicas: int) -> None:
    claim = seaweedfs_config.claim_gib(capacity, replicas)
    copies = seaweedfs_config.copies(replicas)
    assert claim * replicas * seaweedfs_config.USABLE_PERCENT >= capacity * copies * 100
    # No more than the rounding of one server wasted.
    assert (claim - 1) * replicas * seaweedfs_config.USABLE_PERCENT < capacity * copies * 100


@given(capacity=CAPACITY, replicas=st.sampled_from(SEAWEEDFS_REPLICAS))
def test_every_bucket_finds_room_for_its_first_files(capacity: int, replicas: int) -> None:
    claim = seaweedfs_config.claim_gib(capacity, replicas)
    limit = seaweedfs_config.file_size_limit_mb(claim)
    free_share = 1 - seaweedfs_config.MIN_FREE_PERCENT / 100
    files = int(claim * 1024 * free_share / limit) * replicas
    # One set a bucket, one for the index's own log, and one more set while each of them is being filled.
    needed = 2 * (BUCKETS + 1) * seaweedfs_config.GROWTH * seaweedfs_config.copies(replicas)
    assert files >= needed
    assert 1 <= limit <= 30_000


@given(replicas=st.sampled_from(SEAWEEDFS_REPLICAS))
def test_seaweedfs_can_place_its_copies_on_different_servers(replicas: int) -> None:
    assert seaweedfs_config.copies(replicas) <= replicas
    assert seaweedfs_config.replication(replicas) == ("000" if replicas == 1 else "001")


@given(capacity=CAPACITY, replicas=st.sampled_from(MINIO_REPLICAS))
def test_minio_drives_hold_what_was_asked_beside_the_parity(capacity: int, replicas: int) -> None:
    claim = minio_config.claim_gib(capacity, replicas)
    data_drives = replicas - minio_config.parity(replicas)
    assert claim * data_drives * minio_config.USABLE_PERCENT >= capacity * 100
    assert (claim - 1) * data_drives * minio_config.USABLE_PERCENT < capacity * 100


@pytest.mark.parametrize(("replicas", "parity"), [(1, 0), (4, 2), (5, 2), (6, 3), (7, 3), (8, 4), (16, 4)])
def test_parity_is_the_default_of_minio(replicas: int, parity: int) -> None:
    assert minio_config.parity(replicas) == parity


def test_one_drive_is_a_folder_and_more_are_a_range_of_hosts() -> None:
    assert minio_config.drives(1) == "/data"
    assert minio_config.drives(4) == "http://object-store-{0...3}.object-store-peers.data.svc.cluster.local:9000/data"


@given(replicas=st.integers(min_value=-2, max_value=40))
def test_a_number_of_replicas_is_refused_unless_the_store_runs_with_it(replicas: int) -> None:
    assert (object_store_problem("seaweedfs", replicas) is None) == (replicas in {1, 3, 5})
    assert (object_store_problem("minio", replicas) is None) == (replicas == 1 or 4 <= replicas <= 16)
    assert (vector_store_problem(replicas) is None) == (replicas == 1 or replicas >= 3)


def test_servers_are_addressed_by_their_ordinal() -> None:
    assert hosts(2) == [
        "object-store-0.object-store-peers.data.svc.cluster.local",
        "object-store-1.object-store-peers.data.svc.cluster.local",
    ]


@pytest.mark.parametrize("purpose", ["ab", "Models", "models_1", "-models"])
def test_a_name_that_s3_clients_cannot_address_is_refused(purpose: str) -> None:
    with pytest.raises(ValueError, match="no bucket name"):
        bucket_name(purpose)  # type: ignore[arg-type]
