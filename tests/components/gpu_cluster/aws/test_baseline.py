"""Holds every AWS resource of the platform to the baseline, type by type."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from components.base import labels
from tests.components.gpu_cluster.aws.baseline import BASELINE, NOTHING_ASKED
from tests.components.gpu_cluster.aws.programs import PROGRAMS, aws_program
from tests.components.gpu_cluster.aws.requirements import Requirement, Subject

OWN_TAGS = (labels.PART_OF, labels.MANAGED_BY, labels.ENVIRONMENT, "Name")
REQUIREMENTS = [
    pytest.param(type_, requirement, id=f"{type_.split(':')[-1]}: {requirement.sentence} [{requirement.source}]")
    for type_, requirements in BASELINE.items()
    for requirement in requirements
]


ANYTHING = {"protocol": "-1", "cidrBlocks": ["0.0.0.0/0"]}
WRONG: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("rds/instance:Instance", {"publiclyAccessible": True}, "it has no public address"),
    ("rds/instance:Instance", {"kmsKeyId": None}, "its disk is encrypted with a key of the platform"),
    ("s3/bucketPublicAccessBlock:BucketPublicAccessBlock", {"blockPublicAcls": False}, "blockPublicAcls is on"),
    (
        "iam/rolePolicy:RolePolicy",
        {"policy": '{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::x"}]}'},
        "actions are named and resources limited",
    ),
    (
        "iam/role:Role",
        {"assumeRolePolicy": '{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "x"}]}'},
        "only services of AWS may assume it",
    ),
    (
        "vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        {"cidrIpv4": "0.0.0.0/0", "fromPort": 22, "toPort": 22},
        "the internet reaches nothing by it but 443",
    ),
    ("cloudwatch/logGroup:LogGroup", {"retentionInDays": 0}, "it is kept for 30 days at least, and not for ever"),
    ("ec2/defaultSecurityGroup:DefaultSecurityGroup", {"ingress": [ANYTHING]}, "it allows nothing"),
    (
        "ec2/defaultRouteTable:DefaultRouteTable",
        {"routes": [{"cidrBlock": "0.0.0.0/0", "gatewayId": "igw-0"}]},
        "what names no route table gets nowhere",
    ),
    (
        "eks/addon:Addon",
        {"serviceAccountRoleArn": "arn:aws:iam::111122223333:role/x"},
        "its pods have rights by Pod Identity, not by a token that leaves the cluster",
    ),
    (
        "vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        {"cidrIpv4": "0.0.0.0/0"},
        "it leads to named ranges or groups, not everywhere",
    ),
)
"""Arguments that are wrong, and what notices them."""
FORBIDDING = {
    "ec2/defaultRouteTable:DefaultRouteTable",
    "ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "eks/addon:Addon",
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule",
}
"""Types that only must not say something: a resource without arguments is right."""


@cache
def subjects() -> dict[str, list[tuple[str, Subject]]]:
    """Every AWS resource of every program, by type, with the address that a failure shows."""
    found: dict[str, list[tuple[str, Subject]]] = {}
    for program in PROGRAMS:
        rendered = aws_program(program)
        for resource in rendered.resources:
            if resource.type.startswith("aws:"):
                subject = Subject(resource=resource, program=rendered)
                type_ = resource.type.removeprefix("aws:")
                found.setdefault(type_, []).append((f"{program}: {resource.name}", subject))
    return found


def taggable(type_: str) -> bool:
    """Whether the SDK's class of this type takes tags."""
    module, name = type_.split("/", maxsplit=1)[0], type_.rsplit(":", 1)[1]
    resource = getattr(importlib.import_module(f"pulumi_aws.{module}"), name)
    return isinstance(getattr(resource, "tags", None), property)


def untagged() -> Iterator[str]:
    for type_, found in subjects().items():
        if taggable(type_):
            for address, subject in found:
                missing = [tag for tag in OWN_TAGS if not (subject.one("tags") or {}).get(tag)]
                if missing:
                    yield f"{address} ({type_}) has no tag {', '.join(missing)}"


def test_every_type_has_a_row() -> None:
    assert sorted(set(subjects()) - set(BASELINE) - set(NOTHING_ASKED)) == []


def test_every_row_is_of_a_type_that_some_program_makes() -> None:
    assert sorted({*BASELINE, *NOTHING_ASKED} - set(subjects())) == []


def test_no_type_both_asks_and_asks_nothing() -> None:
    assert not set(BASELINE) & set(NOTHING_ASKED)
    assert all(BASELINE.values())
    assert all(NOTHING_ASKED.values())


@pytest.mark.parametrize(("type_", "requirement"), REQUIREMENTS)
def test_a_resource_meets_what_is_asked_of_its_type(type_: str, requirement: Requirement) -> None:
    found = subjects().get(type_, [])
    assert found, f"no program makes a {type_}"
    failing = [address for address, subject in found if not requirement.check(subject)]
    assert failing == [], f"{requirement.sentence} ({requirement.source})"


@pytest.mark.parametrize("type_", sorted(set(BASELINE) - FORBIDDING))
def test_a_resource_that_says_nothing_does_not_meet_its_row(type_: str) -> None:
    """The rows can fail: the same resource without arguments, guards and order is refused."""
    _, subject = subjects()[type_][0]
    bare = replace(subject.resource, name="bare", inputs={}, depends_on=(), protect=False, retain_on_delete=False)
    refused = [
        requirement
        for requirement in BASELINE[type_]
        if not _holds(requirement, Subject(resource=bare, program=subject.program))
    ]
    assert refused


def _holds(requirement: Requirement, subject: Subject) -> bool:
    try:
        return requirement.check(subject)
    except (TypeError, AttributeError):  # a document or name that is not there
        return False


@pytest.mark.parametrize(("type_", "changes", "sentence"), WRONG)
def test_one_wrong_argument_is_noticed(type_: str, changes: dict[str, Any], sentence: str) -> None:
    _, subject = subjects()[type_][0]
    wrong = replace(subject.resource, inputs=subject.resource.inputs | changes)
    refused = [
        requirement.sentence
        for requirement in BASELINE[type_]
        if not requirement.check(Subject(resource=wrong, program=subject.program))
    ]
    assert sentence in refused


def test_everything_that_can_be_tagged_is() -> None:
    assert sum(taggable(type_) for type_ in subjects()) > 20
    assert list(untagged()) == []


def test_rows_that_only_forbid_are_tried_too() -> None:
    assert {type_ for type_, _, _ in WRONG} >= FORBIDDING
