"""The gateway's configuration and its teams: text in ConfigMaps, parsed once however many rules read it.

LiteLLM reads one YAML file; the teams are a JSON list of bodies for its API, which a Job applies. Both are known by
what is in them, not by what the ConfigMap is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf

import yaml

from components.base.documents import json_document, yaml_document
from policies.checks import each, per_object, per_subject
from policies.fields import Field, MalformedError
from policies.findings import Outcomes
from policies.registry import ObjectCheck, StackCheck
from policies.stack import Stack
from policies.subjects import Subject

Read = Callable[[Field], Field | None]

ENVIRONMENT = "os.environ/"
"""What LiteLLM replaces by the variable that follows."""

YAML = (".yaml", ".yml")
JSON = (".json",)
"""Endings of entries that hold such text."""

_SECTIONS = ("model_list", "litellm_settings")
"""A file that has one of them is LiteLLM's."""

_TEAM = "team_id"


def config_in(text: Field) -> Field | None:
    """The configuration that a ConfigMap's entry holds; None when it is something else.

    Raises MalformedError when it is LiteLLM's and no YAML.
    """
    content = text.text()
    if not any(section in content for section in _SECTIONS):
        return None
    try:
        parsed = yaml_document(content)
    except yaml.YAMLError:
        raise MalformedError(text.path, "YAML, or nobody knows what the gateway does") from None
    if not isinstance(parsed, dict) or not any(section in parsed for section in _SECTIONS):
        return None
    return Field(parsed, text.path)


def teams_in(text: Field) -> Field | None:
    """The list of teams that a ConfigMap's entry holds; None when it is something else. Raises MalformedError."""
    content = text.text()
    if f'"{_TEAM}"' not in content:
        return None
    try:
        parsed = json_document(content)
    except ValueError:
        raise MalformedError(text.path, "JSON, or nobody knows which limits the teams have") from None
    return Field(parsed, text.path) if isinstance(parsed, list) else None


def per_gateway_config(check: Callable[[Field], Outcomes]) -> ObjectCheck:
    """Run `check` on every configuration of the gateway in a ConfigMap."""
    return per_text(config_in, check, YAML)


def per_team(check: Callable[[Field], Outcomes]) -> ObjectCheck:
    """Run `check` on every team in a ConfigMap."""
    return per_text(teams_in, lambda teams: each(teams.items(), check), JSON)


def per_text(read: Read, check: Callable[[Field], Outcomes], endings: tuple[str, ...]) -> ObjectCheck:
    """Run `check` on what `read` makes of the entries of a ConfigMap whose names have one of the endings."""

    def of_text(text: Field) -> Outcomes:
        document = read(text)
        if document is not None:
            yield from check(document)

    return per_object(lambda config_map: each(_texts(config_map, endings), of_text), "", "ConfigMap")


def with_stack(check: Callable[[Stack, Field], Outcomes], read: Read, endings: tuple[str, ...]) -> StackCheck:
    """Like `per_text`, for a check that looks at the rest of the stack as well."""

    def of_config_map(stack: Stack, config_map: Subject) -> Outcomes:
        def of_text(text: Field) -> Outcomes:
            document = read(text)
            if document is not None:
                yield from check(stack, document)

        yield from each(_texts(config_map, endings), of_text)

    return per_subject(lambda stack: stack.of("", "ConfigMap"), of_config_map)


def configs(stack: Stack) -> list[Field]:
    """Every configuration of the gateway. Raises UnknownValueError where one may be hidden."""
    return list(_documents(stack, config_in, YAML))


def teams(stack: Stack) -> list[Field]:
    """Every team. Raises UnknownValueError where one may be hidden."""
    return [team for found in _documents(stack, teams_in, JSON) for team in found.items()]


def deployments(config: Field) -> list[Field]:
    """The entries of the model list."""
    return config.at("model_list").items()


def is_off(setting: Field) -> bool:
    """Whether a switch is false or not set."""
    return setting.value is None or setting.value is False


def is_positive(amount: Field) -> bool:
    """Whether a limit or a price is a finite number above zero."""
    value = amount.value
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < inf


def _texts(config_map: Subject, endings: tuple[str, ...]) -> list[Field]:
    return [text for name, text in config_map.root.at("data").entries() if name.endswith(endings)]


def _documents(stack: Stack, read: Read, endings: tuple[str, ...]) -> Iterator[Field]:
    for config_map in stack.of("", "ConfigMap"):
        for text in _texts(config_map, endings):
            document = read(text)
            if document is not None:
                yield document
