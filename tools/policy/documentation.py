"""`docs/policies.md`, written from the registry, the levels of the shipped stacks and the exceptions."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import jinja2

from components.base.admission.inexpressible import reason_against
from policies.exceptions import load_exceptions
from policies.findings import Level
from policies.pack_config import FOLDER, read_settings
from policies.registry import Registry, Rule

PAGE = Path("docs/policies.md")
_EXCEPTIONS = Path("policies/exceptions.yaml")
_WIDTH = 120

FAMILIES = {
    "POD": "Pods",
    "SUP": "Supply chain",
    "NS": "Namespaces",
    "NET": "Network",
    "RBAC": "Rights in the cluster",
    "REL": "Reliability",
    "CLU": "Clusters",
    "AWS": "AWS",
    "STK": "The stack as a whole",
    "PAR": "Parity",
    "AI": "AI platform",
}
"""Titles of the families of rules, by the prefix of their ids, in the order of the page."""


@dataclass(frozen=True)
class Family:
    """The rules whose ids begin with `prefix`."""

    prefix: str
    title: str
    rules: tuple[Rule, ...]

    @property
    def anchor(self) -> str:
        """The heading's anchor in rendered Markdown."""
        return self.title.lower().replace(" ", "-")


def policies_page(root: Path, registry: Registry) -> str:
    """The text of the page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 (Markdown, from texts of this program only)
        keep_trailing_newline=True,
    )
    environment.filters["fill"] = _filled
    text = environment.get_template("policies.md.jinja").render(
        rules=list(registry),
        families=families(registry),
        no_exception=_listed(rule.id for rule in registry if not rule.exemptable),
        lowered=list(_levels_of_stacks(registry)),
        not_admitted=_reasons_against_admission(registry),
        exceptions=load_exceptions(root / _EXCEPTIONS, registry.exemptable),
    )
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def families(registry: Registry) -> list[Family]:
    """All rules by family, in the order of FAMILIES and then of their ids. Raises KeyError for an unknown prefix."""
    found: dict[str, list[Rule]] = {prefix: [] for prefix in FAMILIES}
    for rule in sorted(registry, key=lambda rule: rule.id):
        found[rule.id.rpartition("-")[0]].append(rule)
    return [Family(prefix, FAMILIES[prefix], tuple(rules)) for prefix, rules in found.items() if rules]


def _reasons_against_admission(registry: Registry) -> dict[str, str]:
    """Why the API server does not hold a rule, by id, for those that it does not."""
    reasons = {rule.id: reason_against(rule.id) for rule in registry}
    return {rule_id: reason for rule_id, reason in reasons.items() if reason}


def _levels_of_stacks(registry: Registry) -> Iterable[tuple[str, Rule, Level]]:
    for path in sorted(FOLDER.glob("*.json")):
        for rule_id, level in sorted(read_settings(path, registry).levels.items()):
            rule = registry.get(rule_id)
            if rule:
                yield path.stem, rule, level


def _listed(names: Iterable[str]) -> str:
    *others, last = sorted(names)
    return f"{', '.join(others)} and {last}"


def _filled(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def write_policies_page(root: Path, registry: Registry) -> Path:
    """Write the page. Returns its path."""
    path = root / PAGE
    path.write_text(policies_page(root, registry), encoding="utf-8")
    return path
