"""Python files that come with weights run only where somebody has read them."""

from __future__ import annotations

import re
from collections.abc import Callable

from components.base import model_declaration as declared
from components.base.model_declaration import commit_in
from policies.checks import each
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.rules.images import ImageReference
from policies.vllm_server import ModelServer, per_server

REASON = "ai-platform/trust-remote-code-reason"

FIRST_SAFE = (0, 18, 0)
"""Before it vLLM ran a repository's files whatever the flag said (CVE-2026-22807, CVE-2026-27893)."""

_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")


def _allowed(server: ModelServer) -> Outcomes:
    if server.command.mentions("--trust-remote-code") is None:
        return
    parts: tuple[Callable[[ModelServer], Outcomes], ...] = (_listed, _new_enough, _explained)
    for part in parts:
        yield from each((server,), part)


def _listed(server: ModelServer) -> Outcomes:
    model = server.declared(declared.MODEL).text()
    commit = commit_in(server.command.model.text()) or server.declared(declared.REVISION).text()
    if f"{model}@{commit}" not in server.subject.settings.remote_code:
        message = "remote code may run only for a model and revision that remoteCode of the policy configuration lists"
        yield Violation(server.arguments_path, message)


def _new_enough(server: ModelServer) -> Outcomes:
    image = server.container.field.at("image")
    version = _VERSION.match(ImageReference.parse(image.text()).tag)
    if version is None or tuple(int(part) for part in version.groups()) < FIRST_SAFE:
        yield Violation(image.path, "remote code needs a tag that names vLLM 0.18.0 or newer")


def _explained(server: ModelServer) -> Outcomes:
    reason = server.pod.field.at("metadata", "annotations", REASON)
    if not reason.text().strip():
        yield Violation(reason.path, "must say why remote code may run")


RULES = (
    Rule(
        id="AI-09",
        title="No code of a model's repository runs unread",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="A model's Python files run with all that the server may reach, and before vLLM 0.18.0 they ran "
        "even with the flag off (CVE-2026-22807, CVE-2026-27893).",
        sources=("CVE-2026-22807", "CVE-2026-27893", "vLLM security guide", "OWASP LLM03:2025 Supply Chain"),
        remediation="Choose a model that needs no remote code. Else read its files at one commit, write the reason "
        "under trustRemoteCode, and list organisation/model@commit as remoteCode in policies/config/<stack>.json.",
        of_object=per_server(_allowed),
    ),
)
