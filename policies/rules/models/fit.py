"""A model is started only where it fits."""

from __future__ import annotations

from collections.abc import Callable

from components.base import model_declaration as declared
from components.base.capacity import fit
from policies.checks import each
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.served_model import architecture_of, contradicts_path, memory_of, number_of, serving_of
from policies.vllm_server import ModelServer, per_server

_ROUNDING = 1e-4
"""The server's argument has four digits."""


def _fits(server: ModelServer) -> Outcomes:
    parts: tuple[Callable[[ModelServer], Outcomes], ...] = (_declares_its_model, _keeps_to_its_share, _sum)
    for part in parts:
        yield from each((server,), part)


def _declares_its_model(server: ModelServer) -> Outcomes:
    architecture = architecture_of(server)
    if architecture is not None and contradicts_path(server, architecture):
        path = server.declared(declared.MODEL).path
        yield Violation(path, "must name the model whose weights the server's first argument names")


def _keeps_to_its_share(server: ModelServer) -> Outcomes:
    cache = server.command.mentions("--kv-cache-memory-bytes")
    if cache is not None:
        yield Violation(cache.path, "takes memory that --gpu-memory-utilization does not bound; remove it")
    shares = number_of(server.declared(declared.GPU_SHARES)) or 1.0
    utilization = server.command.last("--gpu-memory-utilization")
    if utilization is not None and utilization.number() * shares > 1 + _ROUNDING * shares:
        yield Violation(utilization.path, "is more than the share of the GPU that a time-sliced pod has")


def _sum(server: ModelServer) -> Outcomes:
    architecture, memory = architecture_of(server), memory_of(server)
    if architecture is None:
        field = server.declared(declared.MODEL)
        message = "must name a model of the catalogue, or the workload must declare its architecture beside it"
        yield Violation(field.path, message)
    if memory is None:
        yield Violation(server.declared(declared.GPU_MEMORY).path, "must state the GPU's memory in GiB")
    if architecture is None or memory is None:
        return
    found = fit(serving_of(server, architecture, memory), memory)
    if not found.fits:
        message = f"the model does not fit: one request of full length lacks {found.missing_gib:.1f} GiB on each GPU"
        yield Violation(server.arguments_path, message)


RULES = (
    Rule(
        id="AI-05",
        title="The model fits its GPUs",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="The server loads weights for minutes, runs out of GPU memory and starts again, without end, on a "
        "GPU that nobody else can use meanwhile.",
        sources=("vLLM: determine_available_memory", "own"),
        remediation="Run make fit: use more or larger GPUs, a smaller maxModelLen or another precision. A model that "
        "the catalogue lacks is described under models[].architecture.",
        of_object=per_server(_fits),
    ),
)
