"""docs/policies.md is what the registry, the levels and the exceptions say today."""

from __future__ import annotations

import re
from typing import Any

import pytest

from policies.exceptions import DEFAULT_PATH, load_exceptions
from policies.rules import REGISTRY
from tests.stacks.conftest import ROOT
from tools.policy.documentation import PAGE, families, policies_page

TEXT = (ROOT / PAGE).read_text("utf-8")
each_rule = pytest.mark.parametrize("rule", list(REGISTRY), ids=lambda rule: rule.id)


def test_the_page_is_current() -> None:
    assert policies_page(ROOT, REGISTRY) == TEXT, "run: make docs"


def test_every_rule_stands_in_one_family() -> None:
    assert sorted(rule.id for family in families(REGISTRY) for rule in family.rules) == sorted(
        rule.id for rule in REGISTRY
    )


@each_rule
def test_a_rule_says_what_why_by_whom_and_how_to_comply(rule: Any) -> None:
    (section,) = re.findall(rf"^#### {rule.id} .*?(?=^###|\Z)", TEXT, re.MULTILINE | re.DOTALL)
    shown = " ".join(section.split())
    for part in (rule.title, rule.severity.value, rule.level.value, rule.why, rule.remediation, *rule.sources):
        assert " ".join(part.split()) in shown
    assert rule.why.endswith(".")
    assert len(rule.why.split()) >= 6
    assert rule.why != rule.remediation


def test_every_shipped_exception_stands_on_the_page() -> None:
    exceptions = load_exceptions(DEFAULT_PATH, REGISTRY.exemptable)
    assert exceptions
    for entry in exceptions:
        assert f"| {entry.id} | {', '.join(entry.rules)} |" in TEXT
