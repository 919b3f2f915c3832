"""Compiled code that a server loads unchecked belongs to its pod alone."""

from __future__ import annotations

from policies.checks import each
from policies.findings import Level, Outcomes, Severity, Violation
from policies.mounts import volume_at
from policies.registry import Rule
from policies.vllm_server import ModelServer, per_server

CACHES = ("VLLM_CACHE_ROOT", "TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR")
"""Folders whose content vLLM, Triton and torch load and run without looking at it."""

PRIVATE = ("emptyDir", "ephemeral")
"""Volumes that come and go with one pod."""


def _private(server: ModelServer) -> Outcomes:
    yield from each(CACHES, lambda name: _private_cache(server, name))


def _private_cache(server: ModelServer, name: str) -> Outcomes:
    variable = server.variable(name)
    folder = variable.text() if variable is not None else ""
    if variable is None or not folder:
        yield Violation(server.variables_path, f"must set {name} to a folder on a volume of the pod alone")
        return
    place = volume_at(server.container, folder)
    if place is None or not any(place[0].at(kind).mentioned for kind in PRIVATE):
        yield Violation(variable.path, f"{name} must lie on a volume of the pod alone ({', '.join(PRIVATE)})")


RULES = (
    Rule(
        id="AI-22",
        title="Caches of compiled code are private",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="vLLM, Triton and torch run what lies in their caches unchecked: another pod that can write there "
        "runs code in the model server.",
        sources=("vLLM security guide: compilation caches are loaded without integrity check", "own"),
        remediation="Mount an emptyDir where the caches lie; share weights, never compiled code.",
        of_object=per_server(_private),
    ),
)
