"""Where a model came from, and under which licence it may be used, is on record."""

from __future__ import annotations

from components.base import model_declaration as declared
from components.base.licences import ALLOWED_LICENCES
from components.base.model_declaration import commit_in
from policies.checks import each
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.vllm_server import ModelServer, per_server


def _recorded(server: ModelServer) -> Outcomes:
    yield from each((server.declared(declared.MODEL), server.declared(declared.SOURCE)), _is_present)
    yield from each((server,), _revision)


def _is_present(field: Field) -> Outcomes:
    if not field.text().strip():
        yield Violation(field.path, "must be recorded on the workload")


def _revision(server: ModelServer) -> Outcomes:
    field = server.declared(declared.REVISION)
    commit = commit_in(server.command.model.text())
    if commit and field.text() != commit:
        yield Violation(field.path, "must be the revision that the server's first argument names")


def _licence(server: ModelServer) -> Outcomes:
    field = server.declared(declared.LICENCE)
    if field.text() not in ALLOWED_LICENCES:
        yield Violation(field.path, "must be a licence that components/base/licences.py allows")


RULES = (
    Rule(
        id="AI-21",
        title="The licence of every model is recorded and allowed",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="A model is served to people whose use its licence forbids, and its owner can demand that it stops "
        "and claim damages.",
        sources=("OWASP LLM03:2025 Supply Chain", "EU AI Act, article 53", "own"),
        remediation="Set models[].license, or choose another model. A licence that somebody has read and found "
        "acceptable is added to components/base/licences.py, with its address.",
        of_object=per_server(_licence),
    ),
    Rule(
        id="AI-44",
        title="The origin of every model is recorded",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="When a model or its publisher turns out to be poisoned, nobody can tell which servers run it.",
        sources=("OWASP LLM03:2025 Supply Chain", "NIST AI RMF: MAP 4.1", "own"),
        remediation="Let the platform write the workload's annotations: model, source and revision.",
        of_object=per_server(_recorded),
    ),
)
