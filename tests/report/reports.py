"""Reports of the shipped stacks, each made once for all tests."""

from __future__ import annotations

from datetime import date
from functools import cache

from tests.stacks.conftest import ROOT, rendered_stack
from tools.deploy.settings_file import settings_of
from tools.render.stack_file import read_stack_file
from tools.report.build import Contents, Sources, contents
from tools.report.command import counterpart, rendered_sources
from tools.report.page import page

TODAY = date(2026, 11, 21)


@cache
def sources_of(stack: str) -> Sources:
    settings = settings_of(read_stack_file(ROOT, stack))
    return rendered_sources(ROOT, rendered_stack(stack), rendered_stack(counterpart(stack)), settings, TODAY)


@cache
def contents_of(stack: str) -> Contents:
    return contents(sources_of(stack))


@cache
def page_of(stack: str) -> str:
    return page(contents_of(stack))
