"""What the gateway does is what its configuration says, and the rules see it."""

from __future__ import annotations

from collections.abc import Callable

from policies.checks import each, per_subject
from policies.fields import Field, any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.gateway_config import YAML, config_in, deployments, is_off, per_gateway_config
from policies.gateway_routes import CASCADE, chooses_another
from policies.mounts import volume_at
from policies.pods import Container
from policies.registry import Rule
from policies.servers import LITELLM, servers_in, words
from policies.stack import Stack
from policies.subjects import Subject

_FLAG = "--config"
_FLAGS = (_FLAG, "-c")

_OTHER_SOURCES = ("CONFIG_FILE_PATH", "LITELLM_CONFIG_BUCKET_NAME", "STORE_MODEL_IN_DB", "WORKER_CONFIG")
"""Variables by which LiteLLM reads another file, a bucket or its database instead."""

_SECTIONS = frozenset(
    {
        "callback_settings",
        "environment_variables",
        "general_settings",
        "guardrails",
        "include",
        "litellm_settings",
        "model_list",
        "router_settings",
    }
)
"""Sections that a rule reads. Others lead requests elsewhere (pass-through endpoints, MCP servers, search tools …)."""

_UNREAD = ("base_url", "fallbacks", "litellm_credential_name", "aws_bedrock_runtime_endpoint")
"""Parameters of a deployment that lead its requests to another address, or to other models, than the rules see."""


def _reads_a_visible_file(stack: Stack, workload: Subject) -> Outcomes:
    servers = (server for pod in workload.pods for server in servers_in(pod, LITELLM))
    parts: tuple[Callable[[Container], Outcomes], ...] = (
        lambda server: _reads_one(stack, workload, server),
        _has_no_other_source,
        _has_its_variables_written_out,
    )
    yield from each(servers, lambda server: each(parts, lambda part: part(server)))


def _reads_one(stack: Stack, workload: Subject, server: Container) -> Outcomes:
    name, entry = _config_entry(server)

    def is_read(found: Subject) -> bool:
        if (found.namespace, found.name) != (workload.namespace, name) or not entry.endswith(YAML):
            return False
        return config_in(found.root.at("data", entry)) is not None

    if not any_known(stack.named(workload.namespace, name, "", "ConfigMap"), is_read):
        message = f"{_FLAG} must name a file of a ConfigMap in the stack that holds LiteLLM's configuration"
        yield Violation(server.field.path, message)


def _config_entry(server: Container) -> tuple[str, str]:
    """The ConfigMap that holds the file which it is told to read, and the name of the entry."""
    path = _config_path(server)
    place = volume_at(server, path)
    if place is None:
        return "", ""
    volume, mount = place
    inside = path.removeprefix(mount.at("mountPath").text().rstrip("/")).strip("/")
    file = "/".join(part for part in (mount.at("subPath").text(), inside) if part)
    source = volume.at("configMap")
    chosen = {item.at("path").text(): item.at("key").text() for item in source.at("items").items()}
    return source.at("name").text(), chosen.get(file, "") if chosen else file


def _config_path(server: Container) -> str:
    """The file that it is told to read, by two words or by one; the last of several counts."""
    arguments = [word for field in words(server) for word in field.text().partition("=")[::2] if word]
    given = [place for place, word in enumerate(arguments[:-1], 1) if word in _FLAGS]
    return arguments[given[-1]] if given else ""


def _has_no_other_source(server: Container) -> Outcomes:
    def check(variable: Field) -> Outcomes:
        name = variable.at("name")
        if name.text() in _OTHER_SOURCES:
            yield Violation(name.path, f"must not be set: the gateway would not follow {_FLAG} alone")

    yield from each(server.field.at("env").items(), check)


def _has_its_variables_written_out(server: Container) -> Outcomes:
    source = server.field.at("envFrom")
    if source.items():
        yield Violation(source.path, "variables must be written out one by one, or nobody sees what they switch on")


def _is_the_whole(config: Field) -> Outcomes:
    included, general = config.at("include"), config.at("general_settings")
    if included.present:
        yield Violation(included.path, "must be written out: what is included is not judged")
    stored, passed = general.at("store_model_in_db"), general.at("pass_through_endpoints")
    if not is_off(stored):
        yield Violation(stored.path, "must be off: models could be added by hand, around every rule here")
    if passed.present:
        yield Violation(passed.path, "must not be set: requests would leave around models, budgets and data classes")
    for section, place in config.entries():
        if section not in _SECTIONS and place.present:
            yield Violation(
                place.path, "must not be set: no rule reads this section, which can lead requests elsewhere"
            )
    yield from each(deployments(config), _is_followed)


def _is_followed(deployment: Field) -> Outcomes:
    parameters = deployment.at("litellm_params")
    for parameter in map(parameters.at, _UNREAD):
        if parameter.present:
            yield Violation(parameter.path, "must not be set: requests would go elsewhere than api_base says")
    chooser = parameters.at("model")
    if chooses_another(deployment) and chooser.text() != CASCADE:
        yield Violation(chooser.path, f"must be {CASCADE}: which models another router chooses is not read")


RULES = (
    Rule(
        id="AI-26",
        title="The gateway reads a configuration that the rules see",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A gateway that reads another file runs without the keys, budgets and privacy that were judged, and "
        "every check stays green.",
        sources=("LiteLLM documentation: Proxy Config", "own"),
        remediation="Start LiteLLM with --config and a file from a ConfigMap of the stack.",
        of_stack=per_subject(lambda stack: stack.workloads, _reads_a_visible_file),
    ),
    Rule(
        id="AI-47",
        title="The gateway's configuration is the whole of it",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Somebody adds an external model by hand or in an included file, for everybody, and no rule ever sees it.",
        sources=("LiteLLM documentation: Proxy Config", "own"),
        remediation="Take include out of the configuration, and keep store_model_in_db off.",
        of_object=per_gateway_config(_is_the_whole),
    ),
)
