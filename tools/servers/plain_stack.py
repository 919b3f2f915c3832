"""The local stack with nothing in its gateway but what a caller asks for: what the real servers are configured by.

The shipped stack shows every feature (filters, judges, caches, splits). A test of one feature, and the bench, start
from none of them; whatever the shipped stack turns on next does not change what they measure.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tools.render.program import render_stack
from tools.render.stack_file import read_stack_file
from tools.servers.rendered_gateway import rendered_objects

STACK = "local"
_PLATFORM = "ai-platform:platform"
_KEPT_OF_GATEWAY = ("tiers", "replicas")
_LEFT_OUT_OF_MODELS = ("adapters", "rollout")
"""Adapters name teams; rollouts bring a second Envoy, inside the cluster."""
_TEAM = {
    "name": "everybody",
    "group": "everybody",
    "tier": "pro",
    "budgetUsdPerMonth": 100,
    "dataClass": "internal",
    "models": ["*"],
}


def stack_settings(root: Path) -> dict[str, Any]:
    """Content of the local stack's file in the project at `root`."""
    return yaml.safe_load((root / f"Pulumi.{STACK}.yaml").read_text("utf-8"))


def plain_settings(root: Path) -> dict[str, Any]:
    """The local stack's file with only tiers and replicas in the gateway, one team, and plain models."""
    content = stack_settings(root)
    platform = content["config"][_PLATFORM]
    platform["gateway"] = {key: platform["gateway"][key] for key in _KEPT_OF_GATEWAY}
    platform["teams"] = [_TEAM]
    for model in platform["models"]:
        for key in _LEFT_OUT_OF_MODELS:
            model.pop(key, None)
    return content


def plain_objects(root: Path, folder: Path, changes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every API object of the plain stack with `changes` made to its platform settings, as `merged` makes them.

    The stack file is written to `folder`. Raises what a render raises.
    """
    return _objects(plain_settings(root), root, folder, changes)


def shipped_objects(root: Path, folder: Path, changes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """As `plain_objects`, of the local stack as it is, with every feature that it shows."""
    return _objects(stack_settings(root), root, folder, changes)


def _objects(content: dict[str, Any], root: Path, folder: Path, changes: Mapping[str, Any]) -> list[dict[str, Any]]:
    content["config"][_PLATFORM] = merged(content["config"][_PLATFORM], changes)
    file = folder / f"Pulumi.{STACK}.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    return rendered_objects(render_stack(root, read_stack_file(root, STACK, file)))


def merged(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`settings` with `changes`: a mapping is merged into the one that stands there, anything else replaces it."""
    result = dict(settings)
    for key, value in changes.items():
        present: Any = result.get(key)
        both = isinstance(present, dict) and isinstance(value, dict)
        result[key] = merged(present, value) if both else value
    return result
