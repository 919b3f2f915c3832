"""Every way in which the program itself serves pinned weights, judged by the rules about them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from components.base.model_weights import (
    Handling,
    HuggingFaceWeights,
    ImageWeights,
    ObjectStoreWeights,
    Signature,
    VolumeWeights,
    Weights,
)
from tests.components.test_vllm_model_weights import built_with
from tests.policies.cases import judged
from tests.policies.objects import resource
from tests.policies.serving_objects import COMMIT, DIGEST, MODEL

RULES = ("AI-07", "AI-08", "AI-10", "AI-40", "AI-44")

CHECKS: tuple[dict[str, Any], ...] = (
    {},
    {"digest": DIGEST},
    {"signature": Signature(public_key="test-key", value="c2ln")},
)
DELIVERIES = ("stream", "node-cache", "shared-volume")

COMMITTED: tuple[Weights, ...] = (
    HuggingFaceWeights(repository=MODEL, revision=COMMIT),
    HuggingFaceWeights(repository=MODEL, revision=COMMIT, remote_code=True),
    ObjectStoreWeights(prefix=f"own/{COMMIT}"),
)
MOUNTED = (
    ImageWeights(reference=f"registry.example.org/own@{DIGEST}"),
    VolumeWeights(claim="weights", folder=f"own/{COMMIT}"),
)


def findings(weights: Any) -> list[tuple[str, str]]:
    built = built_with(weights).one("Deployment")
    record = resource("apps/v1:Deployment", {key: built[key] for key in ("metadata", "spec")})
    return [(finding.rule, finding.path) for rule in RULES for finding in judged([record], rule).findings]


@pytest.mark.parametrize("delivery", DELIVERIES)
@pytest.mark.parametrize("checked", CHECKS, ids=["unchecked", "digest", "signature"])
@pytest.mark.parametrize("weights", COMMITTED, ids=["hub", "hub-with-code", "store"])
def test_a_commit_pins_weights_however_they_are_delivered_and_checked(
    weights: Any, checked: dict[str, Any], delivery: Any
) -> None:
    assert findings(replace(weights, handling=Handling(delivery=delivery, **checked))) == []


@pytest.mark.parametrize("weights", MOUNTED, ids=["image", "volume"])
def test_mounted_weights_are_pinned_by_digest_or_commit(weights: Any) -> None:
    assert findings(weights) == []


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_a_digest_pins_weights_whose_path_names_no_commit(delivery: Any) -> None:
    checked = ObjectStoreWeights(prefix="own/model", handling=Handling(delivery=delivery, digest=DIGEST))
    assert findings(checked) == []
    [(rule, path)] = findings(replace(checked, handling=Handling(delivery=delivery)))
    assert (rule, path.rpartition(".")[2]) == ("AI-07", "args[0]")
