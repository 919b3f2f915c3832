"""What a workload says of its model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from components.base.licences import ALLOWED_LICENCES
from components.base.model_catalogue import CATALOGUE
from components.base.model_declaration import (
    commit_in,
    declaration,
    read_architecture,
    revision_of,
    source_of,
    write_architecture,
)
from components.base.model_weights import (
    Handling,
    ImageWeights,
    ObjectStoreWeights,
    VolumeWeights,
    Weights,
)
from tests.policies.served_model_objects import DESCRIBED, WEIGHTS, pool, serving
from tests.policies.serving_objects import (
    COMMIT,
    DIGEST,
    MODEL,
)


@pytest.mark.parametrize("architecture", [*CATALOGUE.values(), DESCRIBED], ids=lambda entry: entry.name)
def test_an_architecture_is_read_back_as_it_was_written(architecture: Any) -> None:
    assert read_architecture(write_architecture(architecture)) == architecture


def test_every_licence_of_the_catalogue_is_allowed() -> None:
    assert {entry.license for entry in CATALOGUE.values()} <= set(ALLOWED_LICENCES)
    assert all(licence.terms and licence.duties for licence in ALLOWED_LICENCES.values())


def _weights() -> Iterator[tuple[Weights, str, str]]:
    yield WEIGHTS, f"https://huggingface.co/{MODEL}/tree/{COMMIT}", COMMIT
    yield ObjectStoreWeights(prefix=f"own/{COMMIT}"), f"object store: own/{COMMIT}", COMMIT
    yield ObjectStoreWeights(prefix="own/model"), "object store: own/model", ""
    yield ObjectStoreWeights(prefix="own", handling=Handling(digest=DIGEST)), "object store: own", DIGEST
    both = ObjectStoreWeights(prefix=f"own/{COMMIT}", handling=Handling(digest=DIGEST))
    yield both, f"object store: own/{COMMIT}", COMMIT
    yield ImageWeights(reference=f"host/own@{DIGEST}"), f"image: host/own@{DIGEST}", DIGEST
    yield ImageWeights(reference="host/own:v1"), "image: host/own:v1", ""
    yield VolumeWeights(claim="claim", folder="own"), "volume: claim/own", ""
    yield VolumeWeights(claim="claim", folder=f"own/{COMMIT}"), f"volume: claim/own/{COMMIT}", COMMIT


@pytest.mark.parametrize(("weights", "source", "revision"), list(_weights()))
def test_a_workload_says_where_its_weights_came_from_and_what_pins_them(
    weights: Weights, source: str, revision: str
) -> None:
    assert (source_of(weights), revision_of(weights)) == (source, revision)


def test_annotations_are_sorted_and_leave_out_what_is_not_so() -> None:
    facts = declaration(serving(), WEIGHTS, pool())
    assert list(facts) == sorted(facts)
    assert not {"ai-platform/gpu-shares", "ai-platform/model-architecture", "ai-platform/video-memory-gib"} & set(facts)
    assert declaration(serving(), WEIGHTS, pool(time_slices=4))["ai-platform/gpu-shares"] == "4"


@pytest.mark.parametrize(
    ("path", "commit"),
    [
        (f"s3://models/a/b/{COMMIT}", COMMIT),
        (f"s3://models/a/b/{COMMIT}-code", COMMIT),
        (f"/weights/a--b--{COMMIT}", COMMIT),
        (COMMIT, COMMIT),
        (f"s3://models/a/{COMMIT}/b", ""),
        (f"s3://models/a/x{COMMIT}", ""),
        (f"s3://models/a/{COMMIT[1:]}", ""),
    ],
)
def test_a_path_is_pinned_by_the_commit_in_which_it_ends(path: str, commit: str) -> None:
    assert commit_in(path) == commit
