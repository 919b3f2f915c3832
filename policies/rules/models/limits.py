"""One request, and all requests together, cost a bounded amount of work."""

from __future__ import annotations

from policies.checks import each
from policies.fields import MalformedError
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.vllm_server import ModelServer, per_server, set_on

BOUNDS = ("--max-model-len", "--max-num-seqs", "--max-num-queued-reqs")
ANSWERS = "VLLM_MAX_N_SEQUENCES"
MOST_ANSWERS = 128
"""`n` of OpenAI's API; vLLM's own limit is 16,384."""
LONGER = "VLLM_ALLOW_LONG_MAX_MODEL_LEN"


def _bounded(server: ModelServer) -> Outcomes:
    yield from each(BOUNDS, lambda flag: _bound(server, flag))
    yield from each((server,), _answers)
    yield from each((server,), _context)


def _bound(server: ModelServer, flag: str) -> Outcomes:
    option = server.command.last(flag)
    if option is None:
        yield Violation(server.arguments_path, f"must set {flag}")
    elif option.number() < 1:
        yield Violation(option.path, f"{flag} must be 1 or more")


def _answers(server: ModelServer) -> Outcomes:
    variable = server.variable(ANSWERS)
    if variable is None:
        yield Violation(server.variables_path, f"must set {ANSWERS}")
    elif not 1 <= _whole(variable.text(), variable.path) <= MOST_ANSWERS:
        yield Violation(variable.path, f"{ANSWERS} must be between 1 and {MOST_ANSWERS}")


def _whole(text: str, path: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise MalformedError(path, "a whole number") from error


def _context(server: ModelServer) -> Outcomes:
    variable = server.variable(LONGER)
    if variable is not None and set_on(variable):
        yield Violation(variable.path, f"{LONGER} must not be set: answers become garbage")


RULES = (
    Rule(
        id="AI-13",
        title="Requests to a model server are bounded",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="One request for thousands of answers (vLLM itself allows 16,384), or a queue without end, keeps "
        "the GPU busy while everybody else waits.",
        sources=("OWASP LLM10:2025 Unbounded Consumption", "vLLM: VLLM_MAX_N_SEQUENCES", "own"),
        remediation="Set maxModelLen, maxNumSeqs and maxQueuedRequests in the model's settings; the platform sets "
        f"{ANSWERS} itself.",
        of_object=per_server(_bounded),
    ),
)
