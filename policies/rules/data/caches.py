"""Caches and counters ask for a password."""

from __future__ import annotations

import re

from policies.checks import together
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.gateway_config import per_text
from policies.pods import Container
from policies.registry import Rule
from policies.servers import CACHES, per_server, words

_CONFIGURED = (".conf",)
_NAMES_A_FILE = re.compile(r"valkey|redis")

_ASKS = re.compile(
    r"^[ \t]*(?:requirepass[ \t]+\S+|aclfile[ \t]+\S+|include[ \t]+\S*secret\S*)", re.MULTILINE | re.IGNORECASE
)
"""A password, a list of users, or a file out of a Secret that holds one."""


def _configuration(text: Field) -> Field | None:
    return text if _NAMES_A_FILE.search(text.path) else None


def _asks_for_a_password(text: Field) -> Outcomes:
    if not _ASKS.search(text.text()):
        yield Violation(text.path, "needs requirepass, aclfile, or include of a file from a Secret")


def _is_configured(container: Container) -> Outcomes:
    arguments = [word.text() for word in words(container)]
    if not any(argument.endswith(_CONFIGURED) or argument == "--requirepass" for argument in arguments):
        yield Violation(container.field.at("command").path, "must read a configuration file that asks for a password")


RULES = (
    Rule(
        id="AI-35",
        title="Caches ask for a password",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Whoever reaches the cache reads cached answers, and resets the counters by which limits and budgets hold.",
        sources=("Valkey documentation: Security", "own"),
        remediation="Include a file from a Secret that sets requirepass.",
        of_object=together(
            per_text(_configuration, _asks_for_a_password, _CONFIGURED), per_server(_is_configured, *CACHES)
        ),
    ),
)
