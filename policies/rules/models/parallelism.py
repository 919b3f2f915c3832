"""How a model is split agrees with the GPUs that its pods ask for."""

from __future__ import annotations

from collections.abc import Callable

from components.base.serving_rules import splits_evenly
from policies.checks import each
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.served_model import architecture_of, parallel
from policies.vllm_server import ModelServer, per_server


def _split(server: ModelServer) -> Outcomes:
    parts: tuple[Callable[[ModelServer], Outcomes], ...] = (_uses_every_gpu, _stages_share_nodes, _shares_evenly)
    for part in parts:
        yield from each((server,), part)


def _uses_every_gpu(server: ModelServer) -> Outcomes:
    used = parallel(server, "tensor") * parallel(server, "pipeline") * parallel(server, "data")
    if used != server.gpus * server.nodes:
        message = "tensor x pipeline x data parallelism must equal the GPUs of the replica's pods"
        yield Violation(server.container.field.at("resources", "limits").path, message)


def _stages_share_nodes(server: ModelServer) -> Outcomes:
    if parallel(server, "pipeline") % server.nodes:
        message = "the stages of the pipeline must be shared out evenly over the nodes of a replica"
        yield Violation(server.arguments_path, message)


def _shares_evenly(server: ModelServer) -> Outcomes:
    architecture = architecture_of(server)
    if architecture is None:
        return
    if not splits_evenly(architecture, parallel(server, "tensor")):
        message = "tensor parallelism must divide the attention heads, and divide or be divided by the key-value heads"
        yield Violation(server.arguments_path, message)
    if parallel(server, "pipeline") > architecture.layers:
        yield Violation(server.arguments_path, "the pipeline has more stages than the model has layers")


RULES = (
    Rule(
        id="AI-06",
        title="Parallelism agrees with GPUs and attention heads",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="The server ends at its start with an error, or GPUs that are paid for stay idle.",
        sources=("vLLM: parallelism and scaling", "own"),
        remediation="Set models[].gpu (count, nodes, pipelineParallel, dataParallel); make fit names the splits that "
        "work.",
        of_object=per_server(_split),
    ),
)
