"""Policy documents of AWS are read as AWS reads them; what is no document is never taken for a harmless one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policies.fields import Field, MalformedError
from policies.findings import Result
from policies.normalise import REDACTED, UnknownValueError
from policies.policy_documents import Statement, statements
from tests.policies.aws_objects import allow, aws, document
from tests.policies.cases import judged


def read(*written: Any) -> tuple[Statement, ...]:
    return statements(Field(document(*written), "policy"))


def test_no_document_has_no_statements() -> None:
    assert statements(Field(None, "policy")) == ()


def test_a_single_statement_and_single_values_need_no_list() -> None:
    text = json.dumps({"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}})
    (statement,) = statements(Field(text, "policy"))
    assert (statement.allows, statement.actions, statement.resources) == (True, ("s3:getobject",), ("*",))


def test_actions_and_condition_keys_do_not_depend_on_case() -> None:
    (statement,) = read(allow("S3:getOBJECT", Condition={"stringequals": {"AWS:PrincipalAccount": "111122223333"}}))
    assert statement.covers("s3:getobject")
    assert statement.narrowed


def test_everything_but_what_is_named_is_meant_by_its_negation() -> None:
    (statement,) = read({"Effect": "Allow", "NotAction": ["iam:*"], "NotResource": "a", "NotPrincipal": {"AWS": "b"}})
    assert not statement.covers("iam:passrole")
    assert statement.covers("s3:getobject")
    assert statement.is_for_everything
    assert statement.is_for_everybody


@pytest.mark.parametrize("action", ["*", "**", "?*", "*:*"])
def test_every_action_has_several_spellings(action: str) -> None:
    (statement,) = read(allow(action))
    assert statement.is_for_every_action


@pytest.mark.parametrize("action", ["s3:*", "*:Get*"])
def test_all_of_a_service_is_not_every_action(action: str) -> None:
    (statement,) = read(allow(action))
    assert not statement.is_for_every_action


@pytest.mark.parametrize(
    "resource",
    ["*", "arn:*", "arn:aws:s3:::*", "arn:aws:s3:::*/*", "arn:aws:kms:*:*:key/*", "arn:aws:sns:eu-north-1:1:*"],
)
def test_every_resource_has_several_spellings(resource: str) -> None:
    (statement,) = read(allow(target=resource))
    assert statement.is_for_everything


@pytest.mark.parametrize(
    "resource",
    ["arn:aws:s3:::models", "arn:aws:s3:::models/*", "arn:aws:s3:::models*", "arn:aws:iam::1:role/prod-*"],
)
def test_what_has_a_name_is_not_every_resource(resource: str) -> None:
    (statement,) = read(allow(target=resource))
    assert not statement.is_for_everything


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("111122223333", True),
        ("arn:aws:sns:eu-north-1:111122223333:*", True),
        ("arn:aws:s3:::models", True),
        ("arn:aws:s3:::*", False),
        ("arn:aws:iam::*:role/reader", False),
        ("arn:aws:*", False),
        ("o-a1b2c3/r-1/*", True),
        ("o-*", False),
        ("repo:organisation/project:*", True),
        ("repo:*", False),
        ("?*", False),
    ],
)
def test_a_condition_counts_when_its_value_names_somebody(value: str, named: bool) -> None:
    (statement,) = read(allow(Condition={"StringLike": {"aws:SourceArn": [value]}}))
    assert statement.demands("aws:sourcearn") is named
    assert statement.demanded == ({"aws:sourcearn"} if named else frozenset())


def test_one_open_value_opens_a_condition() -> None:
    (statement,) = read(allow(Condition={"StringLike": {"aws:PrincipalAccount": ["111122223333", "*"]}}))
    assert not statement.narrowed


def test_a_document_may_be_an_object() -> None:
    written = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    (statement,) = statements(Field(written, "policy"))
    assert statement.is_for_every_action
    (finding,) = judged([aws("iam/policy", "it", policy=written)], "AWS-05").findings
    assert (finding.result, finding.path) == (Result.FAIL, "policy")


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["arn:aws:iam::1:root", "*"]}])
def test_everybody_has_several_spellings(principal: object) -> None:
    (statement,) = read(allow(Principal=principal))
    assert statement.is_for_everybody


@pytest.mark.parametrize(
    "written",
    [
        "",
        {"Service": "*"},
        {"AWS": "arn:aws:iam::111122223333:root"},
    ],
)
def test_a_service_or_an_account_is_not_everybody(written: object) -> None:
    (statement,) = read(allow(Principal=written) if written else allow())
    assert not statement.is_for_everybody


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '"text"',
        '{"Statement": ["text"]}',
        '{"Statement": [{"Action": "*"}]}',
        '{"Statement": [{"Effect": "allow", "Action": "*", "Resource": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "action": "*", "Resource": "*"}]}',
        "{}",
        '{"Statement": [{"Effect": "Allow", "Condition": ["x"]}]}',
        '{"Statement": [{"Effect": "Allow", "Condition": {"StringEquals": "x"}}]}',
        '{"Statement": [{"Effect": "Allow", "Principal": ["x"]}]}',
    ],
)
def test_what_is_no_policy_document_is_malformed(text: str) -> None:
    with pytest.raises(MalformedError, match="a policy document in JSON"):
        statements(Field(text, "policy"))


def test_a_malformed_document_is_a_violation_that_does_not_repeat_it() -> None:
    (finding,) = judged([aws("iam/rolePolicy", "it", policy="{secret")], "AWS-05").findings
    assert (finding.result, finding.path) == (Result.FAIL, "policy")
    assert "secret" not in finding.message


def test_a_document_hidden_as_a_secret_is_undecided() -> None:
    with pytest.raises(UnknownValueError):
        statements(Field(REDACTED, "policy"))
    (finding,) = judged([aws("iam/rolePolicy", "it", policy=REDACTED)], "AWS-05").findings
    assert finding.result is Result.UNDECIDED
