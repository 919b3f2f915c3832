"""The reviewed matrix of each shipped stack, kept in the repository."""

from __future__ import annotations

from pathlib import Path

from tools.network_matrix.judgement import judge_graph
from tools.network_matrix.text import matrix_text
from tools.render.graph import RenderedStack

FILE_NAME = "network.txt"
"""Beside the golden manifests of the stack."""


def golden_network(rendered: RenderedStack) -> str:
    """The text of a stack's golden matrix."""
    return matrix_text(judge_graph(rendered.as_graph()))


def write_golden_network(rendered: RenderedStack, folder: Path) -> None:
    """Write the golden matrix of a stack into the folder of its golden manifests."""
    (folder / FILE_NAME).write_text(golden_network(rendered), "utf-8")
