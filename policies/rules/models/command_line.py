"""A server is started so that everything it is told can be read, by people and by these rules."""

from __future__ import annotations

from collections.abc import Callable

from components.base.labels import COMPONENT
from policies.checks import each
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.pods import MODEL
from policies.registry import Rule
from policies.vllm_command_line import Option
from policies.vllm_server import VARIABLE, ModelServer, per_server

START = ["vllm", "serve"]
"""What the image starts by itself."""

ELSEWHERE = ("--config", "--model")
"""Flags by which a file, or a later argument, says what the first argument and the others should say."""

JUDGED = (
    "--allowed-local-media-path",
    "--allowed-media-domains",
    "--code-revision",
    "--config",
    "--data-parallel-size",
    "--disable-fastapi-docs",
    "--dtype",
    "--enable-lora",
    "--enable-tokenizer-info-endpoint",
    "--gpu-memory-utilization",
    "--io-processor-plugin",
    "--kv-cache-dtype",
    "--kv-cache-memory-bytes",
    "--load-format",
    "--logits-processors",
    "--max-lora-rank",
    "--max-loras",
    "--max-model-len",
    "--max-num-batched-tokens",
    "--max-num-queued-reqs",
    "--max-num-seqs",
    "--middleware",
    "--model",
    "--pipeline-parallel-size",
    "--profiler-config",
    "--quantization",
    "--reasoning-parser",
    "--reasoning-parser-plugin",
    "--revision",
    "--scheduler-cls",
    "--tensor-parallel-size",
    "--tokenizer",
    "--tokenizer-revision",
    "--tool-parser-plugin",
    "--tool-server",
    "--trust-remote-code",
    "--worker-cls",
    "--worker-extension-cls",
)
"""Every flag that a rule reads, and one that such a flag begins with."""

_SHORT = 2


def _readable(server: ModelServer) -> Outcomes:
    parts: tuple[Callable[[ModelServer], Outcomes], ...] = (
        _is_labelled,
        _started_plainly,
        _model_first,
        _written_out,
        _in_full,
    )
    for part in parts:
        yield from each((server,), part)


def _is_labelled(server: ModelServer) -> Outcomes:
    if not server.pod.serves_model:
        path = server.pod.field.at("metadata", "labels", COMPONENT).path
        yield Violation(path, f"must be {MODEL}, or neither network policies nor rules take the pod for a model's")


def _started_plainly(server: ModelServer) -> Outcomes:
    command = server.container.field.at("command")
    if command.present and command.plain() != START:
        yield Violation(command.path, "must be left to the image, which starts vllm serve")
    source = server.container.field.at("envFrom")
    if source.items():
        yield Violation(source.path, "variables must be written out one by one")


def _model_first(server: ModelServer) -> Outcomes:
    model = server.command.model
    if not model.text() or model.text().startswith("-") or VARIABLE in model.text():
        yield Violation(model.path, "the first argument must be the path of the model")


def _written_out(server: ModelServer) -> Outcomes:
    yield from each(server.command.arguments[1:], _is_written_out)


def _is_written_out(argument: Field) -> Outcomes:
    if argument.text().startswith(VARIABLE):
        yield Violation(argument.path, "an argument must not come out of a variable as a whole")


def _in_full(server: ModelServer) -> Outcomes:
    for option in server.command.options:
        if option.flag in ELSEWHERE:
            yield Violation(option.path, f"{option.flag} must not be given: write every setting itself")
        elif _is_abbreviated(option) or VARIABLE in option.flag:
            yield Violation(option.path, "a flag must be written in full")
        elif option.flag in JUDGED and VARIABLE in (option.value or ""):
            yield Violation(option.path, "must be written out, not taken from a variable")


def _is_abbreviated(option: Option) -> bool:
    if not option.flag.startswith("--") or len(option.flag) == _SHORT:
        return True
    return option.flag not in JUDGED and any(flag.startswith(option.flag) for flag in JUDGED)


RULES = (
    Rule(
        id="AI-40",
        title="What a model server is told can be read",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A shell, a --config file, a shortened flag or envFrom can switch on what the other rules forbid, "
        "and none of them would see it.",
        sources=("vLLM: FlexibleArgumentParser takes abbreviations and configuration files", "own"),
        remediation="Start the server with the image's own command, the model first, then flags in full. No shell, no "
        "--config file, no envFrom.",
        of_object=per_server(_readable),
    ),
)
