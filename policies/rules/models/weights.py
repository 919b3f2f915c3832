"""Which weights a server loads: pinned, from the platform's own store, in a format that cannot run code."""

from __future__ import annotations

from collections.abc import Callable

from components.base import model_declaration as declared
from components.base.model_declaration import COMMIT, commit_in
from policies.checks import each
from policies.fields import Field, any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.mounts import volume_at
from policies.registry import Rule
from policies.rules.images import DIGEST, ImageReference
from policies.vllm_command_line import Option
from policies.vllm_server import ModelServer, per_server, set_on

REVISION_FLAGS = ("--revision", "--tokenizer-revision", "--code-revision")
CHECKS = ("WEIGHTS_DIGEST", "WEIGHTS_SIGNATURE")
"""Variables of the container that compares the weights with what somebody declared before the server starts."""

SAFE_FORMATS = frozenset({"safetensors", "runai_streamer", "runai_streamer_sharded", "fastsafetensors"})
"""Load formats that read safetensors alone. `auto`, vLLM's default, falls back to pickled files."""


def _pinned(server: ModelServer) -> Outcomes:
    parts: tuple[Callable[[ModelServer], Outcomes], ...] = (_pinned_model, _pinned_flags, _pinned_tokenizer)
    for part in parts:
        yield from each((server,), part)


def _pinned_model(server: ModelServer) -> Outcomes:
    model = server.command.model
    path = model.text()
    if commit_in(path) or (path and _proven(server, path)):
        return
    message = "must end in a commit of 40 hexadecimal digits, or what the server loads must be proven by a digest"
    yield Violation(model.path, message)


def _proven(server: ModelServer, path: str) -> bool:
    """Whether another part of the pod makes sure that `path` holds what was declared."""
    return any_known((_checked, _in_pinned_image, _on_filled_volume), lambda holds: holds(server, path))


def _checked(server: ModelServer, _: str) -> bool:
    return any_known(server.pod.spec.at("initContainers").items(), _checks_weights)


def _checks_weights(container: Field) -> bool:
    return any_known(
        container.at("env").items(),
        lambda variable: variable.at("name").text() in CHECKS and bool(variable.at("value").text()),
    )


def _in_pinned_image(server: ModelServer, path: str) -> bool:
    place = volume_at(server.container, path)
    return place is not None and ImageReference.parse(place[0].at("image", "reference").text()).pinned


def _on_filled_volume(server: ModelServer, path: str) -> bool:
    """A shared volume is filled by a job that proves what it copies; servers cannot write to it."""
    place = volume_at(server.container, path)
    if place is None or not place[0].at("persistentVolumeClaim").present:
        return False
    read_only = place[1].at("readOnly").value is True
    return read_only and DIGEST.fullmatch(server.declared(declared.REVISION).text()) is not None


def _pinned_flags(server: ModelServer) -> Outcomes:
    for flag in REVISION_FLAGS:
        option = server.command.last(flag)
        if option is not None and not _is_commit(option):
            yield Violation(option.path, "must be a commit of 40 hexadecimal digits")


def _pinned_tokenizer(server: ModelServer) -> Outcomes:
    tokenizer = server.command.last("--tokenizer")
    if tokenizer is None or commit_in(tokenizer.value or ""):
        return
    revision = server.command.last("--tokenizer-revision")
    if revision is None:
        yield Violation(tokenizer.path, "a tokenizer of its own must be pinned by --tokenizer-revision")


def _is_commit(option: Option) -> bool:
    return COMMIT.fullmatch(option.value or "") is not None


def _offline(server: ModelServer) -> Outcomes:
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        if not set_on(server.variable(name)):
            yield Violation(server.variables_path, f"must set {name}=1, or the server asks the hub")


def _safe_format(server: ModelServer) -> Outcomes:
    option = server.command.last("--load-format")
    if option is None or option.value not in SAFE_FORMATS:
        path = option.path if option else server.arguments_path
        yield Violation(path, f"--load-format must be one of {', '.join(sorted(SAFE_FORMATS))}")


RULES = (
    Rule(
        id="AI-07",
        title="Weights are pinned",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Weights change under the same name, by mistake or because somebody took over the repository, and "
        "after a restart another model answers.",
        sources=("OWASP LLM03:2025 Supply Chain", "vLLM: --revision", "own"),
        remediation="Name the commit (weights.revision), put the checkpoint under a prefix that ends in its commit, "
        "or set weights.digest; an image is named by its digest.",
        of_object=per_server(_pinned),
    ),
    Rule(
        id="AI-08",
        title="Model servers never ask the hub",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A server that asks the hub takes what the hub serves that day, and does not start while the hub is "
        "down or refuses more downloads.",
        sources=("Hugging Face: HF_HUB_OFFLINE", "OWASP LLM03:2025 Supply Chain", "own"),
        remediation="Leave HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE at 1: a job copies weights to the object store.",
        of_object=per_server(_offline),
    ),
    Rule(
        id="AI-10",
        title="Weights are safetensors",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="Pickled weights run code while they are loaded: whoever published or swapped the file takes over "
        "the server.",
        sources=("vLLM: load_format", "OWASP LLM03:2025 Supply Chain", "safetensors: security audit"),
        remediation="Serve weights published as safetensors, with --load-format=runai_streamer or safetensors. Pickled "
        "weights run code while they are loaded: convert them first.",
        of_object=per_server(_safe_format),
    ),
)
