"""Where objects are made, and what refuses its deletion: told by what the engine knows, not by a property."""

from __future__ import annotations

import pytest

from policies.findings import Result
from tests.policies.aws_objects import aws, bucket, database
from tests.policies.cases import UNKNOWN, judged
from tests.policies.conftest import JudgeAsEngine
from tests.policies.objects import Json, config_map, deployment, provider_urn, resource
from tests.policies.stack_wide_cases import postgres, stateful_set

STACK_URN = "urn:pulumi:test::ai-platform"


@pytest.mark.parametrize("token", ["kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v3:Chart"])
def test_charts_whose_objects_are_hidden_are_refused(token: str) -> None:
    (finding,) = judged([resource(token, {}, name="chart")], "STK-01").findings
    assert finding.result is Result.FAIL


def test_charts_that_show_their_objects_are_allowed() -> None:
    assert judged([resource("kubernetes:helm.sh/v4:Chart", {}, name="chart")], "STK-01").findings == ()


@pytest.mark.parametrize("item", [config_map(), bucket()], ids=["kubernetes", "aws"])
@pytest.mark.parametrize(
    "provider",
    [
        "",
        f"{STACK_URN}::pulumi:providers:kubernetes::default",
        f"{STACK_URN}::pulumi:providers:aws::default_7_51_1",
        "urn:pulumi:other::ai-platform::pulumi:providers:kubernetes::cluster-kubernetes",
    ],
)
def test_objects_without_a_provider_of_the_stack_are_refused(item: Json, provider: str) -> None:
    (finding,) = judged([item | {"provider": provider}], "STK-02").findings
    assert finding.result is Result.FAIL


def test_objects_with_an_explicit_provider_of_the_stack_are_allowed() -> None:
    resources = [config_map(), bucket(), config_map() | {"provider": f"{provider_urn('kubernetes')}-defaulted"}]
    assert judged(resources, "STK-02").findings == ()


def test_what_is_not_made_in_a_cluster_or_account_needs_no_provider() -> None:
    resources = [
        resource("random:index/randomPassword:RandomPassword", {}, name="key", provider=""),
        resource("kubernetes:helm.sh/v4:Chart", {}, name="chart", provider=""),
        resource("ai-platform:identity:Identity", {}, name="identity", provider=""),
    ]
    assert judged(resources, "STK-02").findings == ()


def test_the_engine_refuses_an_object_of_its_default_provider(judge_as_engine: JudgeAsEngine) -> None:
    found = {item.rule for item in judge_as_engine([config_map() | {"provider": ""}])}
    assert "STK-02" in found
    assert "STK-02" not in {item.rule for item in judge_as_engine([config_map()])}


STORES = [
    bucket(),
    database(),
    aws("rds/cluster", "it"),
    aws("backup/vault", "it"),
    aws("amp/workspace", "it"),
    aws("eks/cluster", "it"),
    postgres()[0],
    stateful_set(),
]


@pytest.mark.parametrize("store", STORES, ids=lambda item: item["type"].rpartition(":")[2])
def test_what_holds_data_must_be_protected(store: Json) -> None:
    (finding,) = judged([store], "STK-03").findings
    assert (finding.result, finding.urn) == (Result.FAIL, store["urn"])
    assert judged([store | {"protect": True}], "STK-03").findings == ()


def test_the_engine_sees_what_is_protected(judge_as_engine: JudgeAsEngine) -> None:
    assert "STK-03" in {item.rule for item in judge_as_engine([bucket()])}
    assert "STK-03" not in {item.rule for item in judge_as_engine([bucket() | {"protect": True}])}


@pytest.mark.parametrize(
    "token", ["s3/bucketServerSideEncryptionConfiguration", "rds/instance", "backup/vault", "eks/cluster"]
)
def test_a_key_is_protected_like_what_it_encrypts(token: str) -> None:
    key = aws("kms/key", "key")
    encrypted = aws(token, "encrypted", key) | {"protect": True}
    (finding,) = judged([key, encrypted], "STK-03").findings
    assert finding.urn == key["urn"]
    assert judged([key | {"protect": True}, encrypted], "STK-03").findings == ()


def test_what_can_be_made_again_needs_no_protection() -> None:
    key = aws("kms/key", "key")
    without_volumes = stateful_set("cache")
    del without_volumes["inputs"]["spec"]["volumeClaimTemplates"]
    chart = "urn:pulumi:test::ai-platform::kubernetes:helm.sh/v4:Chart$kubernetes:apps/v1:StatefulSet::prometheus"
    resources = [key, aws("sns/topic", "topic", key), without_volumes, deployment(), stateful_set() | {"urn": chart}]
    assert judged(resources, "STK-03").findings == ()


def test_it_is_undecided_whether_unknown_volumes_hold_data() -> None:
    item = stateful_set()
    item["inputs"]["spec"]["volumeClaimTemplates"] = UNKNOWN
    (finding,) = judged([item], "STK-03").findings
    assert finding.result is Result.UNDECIDED
