"""Custom resource definitions on disk."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.simulator.api import Manifest
from tools.simulator.errors import SimulatorError

_LESS_PREFERRED = ("gateway-api-experimental", "karpenter")
"""Folders that lose against one that holds the same definition: the Gateway API's experimental channel against the
standard one, Karpenter's core copies against a provider's, which add its label rules."""


_DOCUMENT_START = re.compile(r"^---.*$", re.MULTILINE)
_IS_DEFINITION = re.compile(r"^kind: [\"']?CustomResourceDefinition", re.MULTILINE)
_GROUP = re.compile(r"^  group: [\"']?([^\s\"']+)", re.MULTILINE)
_KIND = re.compile(r"^    kind: [\"']?([^\s\"']+)", re.MULTILINE)


class _Loader(yaml.CSafeLoader):
    """Safe loader that reads a bare `=` as a string, as YAML 1.2 does (an enum of Prometheus' AlertmanagerConfig)."""


def _construct_equals_sign(loader: _Loader, node: yaml.ScalarNode) -> Any:
    return loader.construct_scalar(node)


_Loader.add_constructor("tag:yaml.org,2002:value", _construct_equals_sign)


@dataclass(frozen=True, kw_only=True)
class DefinitionFile:
    """One definition as it stands in a file, not parsed yet: real ones are up to 500 kB."""

    path: Path
    text: str

    @property
    def digest(self) -> str:
        """Hash of the text, to tell a known definition without parsing it."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:32]

    def parse(self) -> Manifest:
        """The definition. Raises SimulatorError when the text is no YAML."""
        try:
            return yaml.load(self.text, _Loader)  # noqa: S506 a safe loader's subclass
        except yaml.YAMLError as error:
            raise SimulatorError(f"{self.path} is no valid YAML: {' '.join(str(error).split())}") from error


def find_definitions(
    kinds: Collection[tuple[str, str]], folders: Sequence[Path]
) -> dict[tuple[str, str], DefinitionFile]:
    """The definitions of these (group, kind) pairs among all `*.yaml` below `folders`; missing ones are left out.

    Raises SimulatorError when a folder does not exist.
    """
    found: dict[tuple[str, str], DefinitionFile] = {}
    for folder in folders:
        if not folder.is_dir():
            raise SimulatorError(f"the folder of custom resource definitions {folder} does not exist: check CRDS")
        for path in sorted(folder.rglob("*.yaml"), key=_preference):
            for text in _DOCUMENT_START.split(path.read_text()):
                kind = _defined_kind(text)
                if kind in kinds:
                    found.setdefault(kind, DefinitionFile(path=path, text=text))
    return found


def _preference(path: Path) -> tuple[bool, str]:
    return any(part in _LESS_PREFERRED for part in path.parts), str(path)


def _defined_kind(text: str) -> tuple[str, str]:
    """Group and kind that a document defines, read off its lines; empty for any other document."""
    if not _IS_DEFINITION.search(text):
        return "", ""
    group, kind = _GROUP.search(text), _KIND.search(text)
    return (group[1], kind[1]) if group and kind else ("", "")
