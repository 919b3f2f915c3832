"""Switches of vLLM that open a server to whoever reaches it."""

from __future__ import annotations

from components.base.tasks import TASKS, served_routes
from policies.checks import each
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.vllm_server import ModelServer, per_server, set_on

DANGEROUS_FLAGS = (
    "--profiler-config",
    "--enable-tokenizer-info-endpoint",
    "--tool-server",
    # Python files and classes that run in the server, whatever --trust-remote-code says.
    "--io-processor-plugin",
    "--logits-processors",
    "--reasoning-parser-plugin",
    "--scheduler-cls",
    "--tool-parser-plugin",
    "--worker-cls",
    "--worker-extension-cls",
)
DANGEROUS_VARIABLES = (
    # Routes that pause the server, run any method of a worker, and swap weights.
    "VLLM_SERVER_DEV_MODE",
    # Pickled messages between processes.
    "VLLM_ALLOW_INSECURE_SERIALIZATION",
    # Answers, with what clients wrote, in the log.
    "VLLM_DEBUG_LOG_API_SERVER_RESPONSE",
)
RUNTIME_ADAPTERS = "VLLM_ALLOW_RUNTIME_LORA_UPDATING"
"""Legitimate where the guard keeps the routes that load adapters inside the pod, as decision 0019 does."""

GUARD = "served_routes.ServedRoutes"
ROUTES = "SERVED_ROUTES"
KNOWN_ROUTES = frozenset(route for task in TASKS for route in served_routes(task))


def _no_dangerous_switch(server: ModelServer) -> Outcomes:
    yield from each(DANGEROUS_FLAGS, lambda flag: _flag_off(server, flag))
    yield from each(DANGEROUS_VARIABLES, lambda name: _variable_off(server, name))
    yield from each((server,), _adapters_behind_guard)


def _flag_off(server: ModelServer, flag: str) -> Outcomes:
    option = server.command.mentions(flag)
    if option is not None:
        yield Violation(option.path, f"{flag} must not be given")


def _variable_off(server: ModelServer, name: str) -> Outcomes:
    variable = server.variable(name)
    if variable is not None and set_on(variable):
        yield Violation(variable.path, f"{name} must not be set")


def _adapters_behind_guard(server: ModelServer) -> Outcomes:
    variable = server.variable(RUNTIME_ADAPTERS)
    if variable is not None and set_on(variable) and not _guarded(server):
        message = f"{RUNTIME_ADAPTERS} needs the guard ({GUARD}) that keeps the routes to load adapters inside the pod"
        yield Violation(variable.path, message)


def _only_served_routes(server: ModelServer) -> Outcomes:
    if not _guarded(server):
        yield Violation(server.arguments_path, f"must run --middleware={GUARD}")
    routes = server.variable(ROUTES)
    given = set(routes.text().split(",")) if routes is not None else set[str]()
    if not given or not given <= KNOWN_ROUTES:
        path = routes.path if routes is not None else server.variables_path
        yield Violation(path, f"{ROUTES} must list routes of the tasks in components/base/tasks.py alone")


def _guarded(server: ModelServer) -> bool:
    guard = server.command.last("--middleware")
    return guard is not None and guard.value == GUARD


def _no_documentation(server: ModelServer) -> Outcomes:
    option = server.command.last("--disable-fastapi-docs")
    if option is None or not option.on:
        path = option.path if option else server.arguments_path
        yield Violation(path, "must run with --disable-fastapi-docs")


RULES = (
    Rule(
        id="AI-11",
        title="No switch for developers on a model server",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="Whoever reaches such a server pauses it, swaps its weights, runs methods or code in its workers, "
        "or finds what clients wrote in its log.",
        sources=("vLLM security guide: development mode, profiler, tool server", "vLLM: LoRA adapters, security"),
        remediation="Remove the flag or the variable. Adapters are loaded by the platform's sidecar, beside a server "
        "whose guard answers those routes inside the pod only.",
        of_object=per_server(_no_dangerous_switch),
    ),
    Rule(
        id="AI-42",
        title="A model server answers only the routes of its task",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="vLLM offers far more than inference on the same port, and --api-key protects only part of it: what "
        "nobody needs is open to whoever reaches the pod.",
        sources=("vLLM security guide: --api-key does not protect every path", "own"),
        remediation="Let the platform render the server: it mounts the guard and lists the routes of the task.",
        of_object=per_server(_only_served_routes),
    ),
    Rule(
        id="AI-43",
        title="No documentation pages on a model server",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="The pages show whoever reaches the server all that it offers, and load scripts from the internet "
        "into the reader's browser.",
        sources=("vLLM security guide", "own"),
        remediation="Start the server with --disable-fastapi-docs: the pages describe it to anyone and load scripts "
        "from the internet.",
        of_object=per_server(_no_documentation),
    ),
)
