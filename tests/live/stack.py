"""The plain local stack with the settings of a test, rendered in this process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.stacks.conftest import ROOT
from tools.servers.plain_stack import merged, plain_objects, stack_settings

__all__ = ["local_settings", "merged", "objects_of"]


def local_settings() -> dict[str, Any]:
    """Content of the local stack's file."""
    return stack_settings(ROOT)


def objects_of(folder: Path, changes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every API object of the plain stack with `changes`; its file is written to `folder`."""
    return plain_objects(ROOT, folder, changes)
