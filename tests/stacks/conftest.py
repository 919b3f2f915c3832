"""The shipped stacks, each rendered once for all tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tools.render.graph import RenderedStack
from tools.render.program import render_stack
from tools.render.stack_file import read_stack_file

ROOT = Path(__file__).resolve().parents[2]
STACKS = ("local", "dev", "prod")


@cache
def rendered_stack(stack: str) -> RenderedStack:
    return render_stack(ROOT, read_stack_file(ROOT, stack))


@pytest.fixture(params=STACKS)
def rendered(request: pytest.FixtureRequest) -> RenderedStack:
    """Every shipped stack in turn."""
    return rendered_stack(request.param)
