"""Reads Pulumi.yaml and Pulumi.<stack>.yaml the way the engine does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.render.errors import RenderError

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
    is missing or is no YAML mapping.
    """
    project = _mapping(root / "Pulumi.yaml")
    file = path or root / f"Pulumi.{stack}.yaml"
    if not file.is_file():
        known = sorted(found.name.split(".")[1] for found in root.glob("Pulumi.*.yaml"))
        message = f"stack {stack!r} has no file {file}; stacks here: {', '.join(known) or 'none'}"
        raise RenderError(message)
    config: dict[str, Any] = _mapping(file).get("config") or {}
    secret_keys = tuple(key for key, value in config.items() if isinstance(value, dict) and "secure" in value)
    values = {key: SECURE_PLACEHOLDER if key in secret_keys else _text(value) for key, value in config.items()}
    return StackFile(project=project["name"], stack=stack, values=values, secret_keys=secret_keys)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _mapping(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        message = f"{path} does not exist: run from the project's root"
        raise RenderError(message) from None
    except yaml.YAMLError as error:
        message = f"{path} is no valid YAML: {' '.join(str(error).split())}"
        raise RenderError(message) from None
    if not isinstance(content, dict):
        message = f"{path} must hold a mapping"
        raise RenderError(message)
    return content
