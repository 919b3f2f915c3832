"""Reads Pulumi.yaml and Pulumi.<stack>.yaml the way the engine does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.render.errors import RenderError

DEFAULT_PROVIDERS_OFF = "pulumi:disable-default-providers"
SECURE_PLACEHOLDER = "[secure value, known to the engine only]"


@dataclass(frozen=True, kw_only=True)
class StackFile:
    """Configuration of one stack. `values` are strings, objects as JSON, as the engine hands them to a program."""

    project: str
    stack: str
    values: Mapping[str, str]
    secret_keys: tuple[str, ...]


def read_stack_file(root: Path, stack: str, path: Path | None = None) -> StackFile:
    """Read the configuration of `stack` from the project in `root`, or from another file at `path`.

    A `secure:` value is encrypted for the engine; here it becomes a marked placeholder. Raises RenderError when a file
    is missing, is no YAML mapping, names a key twice, or leaves the engine's default providers on.
    """
    project = _mapping(root / "Pulumi.yaml")
    file = path or root / f"Pulumi.{stack}.yaml"
    if not file.is_file():
        known = sorted(found.name.split(".")[1] for found in root.glob("Pulumi.*.yaml"))
        message = f"stack {stack!r} has no file {file}; stacks here: {', '.join(known) or 'none'}"
        raise RenderError(message)
    config: Any = _mapping(file).get("config") or {}
    if not isinstance(config, dict):
        message = f"{file}: config must be a mapping of keys"
        raise RenderError(message)
    if config.get(DEFAULT_PROVIDERS_OFF) != ["*"]:
        message = (
            f'{file}: config must hold {DEFAULT_PROVIDERS_OFF}: ["*"], so that nothing lands in whatever cluster or '
            "account this machine points at"
        )
        raise RenderError(message)
    secret_keys = tuple(key for key, value in config.items() if isinstance(value, dict) and "secure" in value)
    values = {key: SECURE_PLACEHOLDER if key in secret_keys else _text(value) for key, value in config.items()}
    return StackFile(project=project["name"], stack=stack, values=values, secret_keys=secret_keys)


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice, as the engine does, and leaves dates the text that they are."""

    yaml_implicit_resolvers = {  # noqa: RUF012 # PyYAML's own class attribute
        first: [entry for entry in entries if entry[0] != "tag:yaml.org,2002:timestamp"]
        for first, entries in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """The mapping of `node`. Raises yaml.constructor.ConstructorError for a second key of one name."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                message = "a key must be text"
                raise yaml.constructor.ConstructorError(None, None, message, key.start_mark)
            if key.value in seen:
                message = f"the key {key.value!r} stands twice in one mapping"
                raise yaml.constructor.ConstructorError(None, None, message, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _mapping(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text("utf-8"), _Loader)  # noqa: S506 # a SafeLoader that refuses more
    except FileNotFoundError:
        message = f"{path} does not exist: run from the project's root"
        raise RenderError(message) from None
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        message = f"{path}{line}: {error.problem}"
        raise RenderError(message) from None
    except yaml.YAMLError as error:
        message = f"{path} is no valid YAML: {' '.join(str(error).split())}"
        raise RenderError(message) from None
    if not isinstance(content, dict):
        message = f"{path} must hold a mapping"
        raise RenderError(message)
    return content
