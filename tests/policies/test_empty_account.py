"""The production stack as a preview in an empty account shows it: no id, ARN or address is known yet.

Whole policy documents are then unknown, and the stack request holds nothing of the objects of a cluster that the same
run makes.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from policies.exceptions import DEFAULT_PATH
from tests.policies.cases import UNKNOWN
from tests.policies.conftest import Diagnostic, JudgeAsEngine
from tests.policies.objects import Json
from tests.stacks.conftest import rendered_stack
from tools.render.substrate_answers import AWS_ACCOUNT

FROM_OUTPUTS = re.compile(
    rf"arn:aws:[^:]*:[^:]*:{AWS_ACCOUNT}|arn:aws:s3:::|\.amazonaws\.com/{AWS_ACCOUNT}|\.(rds|eks)\.amazonaws\.com"
    r"|aps-workspaces|[0-9a-f]{8}(-[0-9a-f]{4}){3}-|-(security-group|route-table)-id$"
)
"""What `tools/render` makes up for the outputs of AWS. A JSON document that holds one is unknown as a whole."""

ANSWERED_LATER: dict[str, tuple[str, ...]] = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ("ingress", "egress"),
    "aws:ec2/securityGroup:SecurityGroup": ("ingress", "egress"),
    "aws:iam/role:Role": ("inlinePolicies", "managedPolicyArns"),
    "aws:s3/bucket:Bucket": ("acl", "grants", "policy"),
}
"""Properties that AWS fills in where the program says nothing: unknown among the outputs of a preview."""

MOST_UNDECIDED = 150
"""Findings that a person still looks through. Nearly all are documents of IAM, which name ARNs."""


@cache
def _resources() -> list[Json]:
    resources = rendered_stack("prod").as_graph()["resources"]
    ids = frozenset(f"{item['name']}-id" for item in resources if item["type"].startswith("aws:"))
    return [_in_an_empty_account(item, ids) for item in resources]


def _in_an_empty_account(resource: Json, ids: frozenset[str]) -> Json:
    inputs = _hidden(resource["inputs"], ids)
    if not resource["type"].startswith("aws:"):
        return {**resource, "inputs": inputs, "outputs": {}}
    later = dict.fromkeys(("id", "arn", *ANSWERED_LATER.get(resource["type"], ())), UNKNOWN)
    return {**resource, "inputs": inputs, "outputs": later | inputs}


def _hidden(value: Any, ids: frozenset[str]) -> Any:
    if isinstance(value, str):
        return UNKNOWN if value in ids or FROM_OUTPUTS.search(value) else value
    if isinstance(value, dict):
        return {key: _hidden(member, ids) for key, member in value.items()}
    return [_hidden(member, ids) for member in value] if isinstance(value, list) else value


def _judged(judge_as_engine: JudgeAsEngine, resources: list[Json]) -> list[Diagnostic]:
    return judge_as_engine(resources, stack="prod", exceptions=str(DEFAULT_PATH))


def _unknowns(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from [value] if value == UNKNOWN else []
    elif isinstance(value, (dict, list)):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _unknowns(member)


def test_nothing_fails_that_will_not_fail_later(judge_as_engine: JudgeAsEngine) -> None:
    assert sum(1 for item in _resources() for _ in _unknowns(item["inputs"])) > 200
    found = _judged(judge_as_engine, _resources())
    assert {item.result for item in found} == {"EXEMPT", "UNDECIDED"}
    assert not any(item.mandatory for item in found)


def test_what_is_undecided_can_be_read(judge_as_engine: JudgeAsEngine) -> None:
    undecided = [item for item in _judged(judge_as_engine, _resources()) if item.result == "UNDECIDED"]
    assert {"AWS-05", "AWS-11", "AWS-25", "CLU-01"} <= {item.rule for item in undecided}
    assert len(undecided) <= MOST_UNDECIDED
    assert len({(item.rule, item.urn) for item in undecided}) == len(undecided)


@pytest.mark.parametrize(
    ("token", "changes", "rule"),
    [
        ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", {"blockPublicAcls": False}, "AWS-01"),
        ("aws:rds/instance:Instance", {"publiclyAccessible": True}, "AWS-02"),
        ("aws:rds/instance:Instance", {"storageEncrypted": False}, "AWS-19"),
        ("aws:s3/bucketVersioning:BucketVersioning", {"versioningConfiguration": {"status": "Suspended"}}, "AWS-12"),
    ],
)
def test_what_is_known_to_be_wrong_fails_among_the_unknown(
    judge_as_engine: JudgeAsEngine, token: str, changes: Json, rule: str
) -> None:
    resources = copy.deepcopy(_resources())
    weak = next(item for item in resources if item["type"] == token)
    for properties in ("inputs", "outputs"):
        weak[properties] |= changes
    failed = {item.rule for item in _judged(judge_as_engine, resources) if item.result == "FAIL"}
    # What the contract of capabilities says of it is another rule's.
    assert failed - {"PAR-01", "PAR-02"} == {rule}
