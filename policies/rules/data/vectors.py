"""The vector store asks for a key: without one it is open to every pod that reaches it."""

from __future__ import annotations

from policies.findings import Level, Outcomes, Severity, Violation
from policies.pods import Container
from policies.registry import Rule
from policies.servers import QDRANT, from_secret, per_server, variable

_KEYS = ("QDRANT__SERVICE__API_KEY", "QDRANT__SERVICE__READ_ONLY_API_KEY")
_FETCHES = "QDRANT__SERVICE__ENABLE_SNAPSHOT_URL_RECOVERY"


def _asks_for_a_key(container: Container) -> Outcomes:
    for name in _KEYS:
        entry = variable(container, name)
        if not from_secret(entry):
            yield Violation(entry.path, f"{name} must come from a Secret: the store is open otherwise")
    fetches = variable(container, _FETCHES).at("value")
    if fetches.text().lower() != "false":
        message = f"{_FETCHES} must be false: the store would fetch any address that a client names"
        yield Violation(fetches.path, message)


RULES = (
    Rule(
        id="AI-18",
        title="The vector store asks for a key",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="One pod that was broken into reads or deletes the documents of every team, or has the store fetch "
        "internal addresses for it.",
        sources=("Qdrant documentation: Security", "OWASP LLM08: Vector and Embedding Weaknesses", "own"),
        remediation="Set both keys from a Secret, and switch off recovery from addresses.",
        of_object=per_server(_asks_for_a_key, QDRANT),
    ),
)
