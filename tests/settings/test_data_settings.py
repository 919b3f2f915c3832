from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stacks.schema.data import DataSettings

DIGEST = "sha256:" + "0123456789abcdef" * 4


def data(**sections: Any) -> DataSettings:
    return DataSettings.model_validate(sections)


def refusal(**sections: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        data(**sections)
    assert caught.value.error_count() == 1
    found = caught.value.errors()[0]
    return ".".join(str(part) for part in found["loc"]) + ": " + found["msg"]


def test_without_a_word_everything_survives_the_loss_of_a_node() -> None:
    made = data()
    assert made.object_store.backend == "seaweedfs"
    assert made.object_store.replicas >= 3
    assert made.postgres.instances >= 3
    assert made.vectors.replicas >= 3
    assert made.postgres.retention_days >= 7


def test_keys_are_those_of_the_stack_file() -> None:
    made = data(
        objectStore={"backend": "minio", "image": f"registry.example.org/minio/minio@{DIGEST}", "replicas": 4},
        postgres={"instances": 1, "storageGib": 5, "retentionDays": 7, "backupSchedule": "0 30 1 * * *"},
        vectors={"replicas": 1, "storageGib": 10},
        cache={"memoryMib": 256},
    )
    assert made.object_store.image == f"registry.example.org/minio/minio@{DIGEST}"
    assert made.postgres.backup_schedule == "0 30 1 * * *"
    assert (made.vectors.storage_gib, made.cache.memory_mib) == (10, 256)


def test_a_misspelt_key_is_refused() -> None:
    assert "objectStore.backends" in refusal(objectStore={"backends": "seaweedfs"})


@pytest.mark.parametrize("replicas", [2, 4, 6])
def test_seaweedfs_needs_an_odd_number_of_masters(replicas: int) -> None:
    assert refusal(objectStore={"replicas": replicas}).startswith("objectStore: Value error, replicas: SeaweedFS")


@pytest.mark.parametrize("replicas", [2, 3, 17])
def test_minio_needs_one_server_or_an_erasure_set(replicas: int) -> None:
    image = "registry.example.org/minio:RELEASE.2025-09-07"
    message = refusal(objectStore={"backend": "minio", "image": image, "replicas": replicas})
    assert "MinIO runs with 1 or with 4 to 16 replicas" in message


def test_minio_without_an_image_says_why_it_needs_one_and_what_to_do() -> None:
    message = refusal(objectStore={"backend": "minio", "replicas": 4})
    assert "public images are gone" in message
    assert "use backend: seaweedfs" in message
    assert "\n" not in message


def test_an_image_for_seaweedfs_would_be_ignored_and_is_refused() -> None:
    assert "remove it" in refusal(objectStore={"image": "registry.example.org/seaweedfs:4.44"})


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ("registry.example.org/minio", "not pinned"),
        ("registry.example.org/minio:latest", "not pinned"),
        ("minio:1", "no image"),
        ("registry.example.org/minio@sha256:abc", "no image"),
    ],
)
def test_an_image_that_may_change_is_refused(image: str, reason: str) -> None:
    message = refusal(objectStore={"backend": "minio", "image": image, "replicas": 4})
    assert message.startswith("objectStore.image: ")
    assert reason in message


def test_two_vector_servers_are_worse_than_one() -> None:
    assert "vectors: Value error, replicas: Qdrant needs 1 or at least 3" in refusal(vectors={"replicas": 2})


def test_a_schedule_of_five_fields_is_answered_with_the_same_in_six() -> None:
    message = refusal(postgres={"backupSchedule": "30 1 * * *"})
    assert message.startswith("postgres.backupSchedule: ")
    assert "'0 30 1 * * *'" in message


@pytest.mark.parametrize("schedule", ["", "daily", "0 0 2 * * * *", "0 0 2 * * $"])
def test_what_is_no_schedule_is_refused(schedule: str) -> None:
    assert "postgres.backupSchedule" in refusal(postgres={"backupSchedule": schedule})


@given(section=st.sampled_from(["objectStore", "vectors"]), replicas=st.integers(max_value=0))
def test_no_store_has_no_servers(section: str, replicas: int) -> None:
    assert f"{section}.replicas" in refusal(**{section: {"replicas": replicas}})
