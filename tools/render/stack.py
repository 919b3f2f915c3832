"""Renders one stack of the project to `build/render/<stack>`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policies.graph import read_graph
from tools.render.graph import RenderedStack, write_graph
from tools.render.manifests import write_manifests
from tools.render.program import render_stack
from tools.render.stack_file import read_stack_file


@dataclass(frozen=True, kw_only=True)
class RenderResult:
    """Where a stack was rendered to and how many files of manifests it has."""

    rendered: RenderedStack
    folder: Path
    files: int


def stack_graph(root: Path, stack: str, file: Path | None = None) -> Mapping[str, Any]:
    """The graph in `file`, or without one that of `stack` as the program makes it now; nothing is written.

    Raises GraphError for a file that holds none, RenderError and SettingsError for a stack that cannot be rendered.
    """
    return read_graph(file) if file else render_stack(root, read_stack_file(root, stack)).as_graph()


def render_to_folder(root: Path, stack: str, stack_file: Path | None = None) -> RenderResult:
    """Render `stack` and write graph.json and manifests below `build/render/<stack>`."""
    rendered = render_stack(root, read_stack_file(root, stack, stack_file))
    folder = root / "build" / "render" / stack
    write_graph(rendered, folder / "graph.json")
    return RenderResult(rendered=rendered, folder=folder, files=write_manifests(rendered, folder / "manifests"))
