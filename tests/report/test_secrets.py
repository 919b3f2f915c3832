"""No secret of a stack is on its page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.report.reports import TODAY, page_of
from tests.stacks.conftest import ROOT, STACKS, rendered_stack
from tools.deploy.settings_file import settings_of
from tools.render import wire
from tools.render.graph import RenderedStack
from tools.render.stack_file import SECURE_PLACEHOLDER, read_stack_file
from tools.report.build import contents
from tools.report.command import rendered_sources
from tools.report.page import page

CANARY = "canary-9f3b"


def planted(value: Any) -> Any:
    """`value` with every leaf of every secret, and all data of Secret objects, replaced by the canary."""
    if wire.is_secret(value):
        return wire.as_secret(filled(value["value"]))
    if isinstance(value, dict):
        return {key: planted(item) for key, item in value.items()}
    return [planted(item) for item in value] if isinstance(value, list) else value


def filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: filled(item) for key, item in value.items()}
    return [filled(item) for item in value] if isinstance(value, list) else CANARY


def with_canaries(rendered: RenderedStack) -> RenderedStack:
    resources = tuple(
        replace(
            resource,
            inputs=planted(dict(resource.inputs))
            # Keys in which the page looks for something to show.
            | {key: wire.as_secret(CANARY) for key in ("image", "imageName", "reference")},
        )
        for resource in rendered.resources
    )
    return replace(rendered, resources=resources)


@pytest.mark.parametrize("stack", STACKS)
def test_no_planted_secret_is_on_the_page(stack: str) -> None:
    rendered = with_canaries(rendered_stack(stack))
    secrets = [path for entry in rendered.as_graph()["resources"] for path in entry["secretPaths"]]
    assert len(secrets) > 1000
    settings = settings_of(read_stack_file(ROOT, stack))
    text = page(contents(rendered_sources(ROOT, rendered, rendered, settings, TODAY)))
    assert CANARY not in text
    assert wire.REDACTED not in text


@pytest.mark.parametrize("stack", STACKS)
def test_no_redacted_value_is_on_the_page(stack: str) -> None:
    text = page_of(stack)
    assert wire.REDACTED not in text
    assert SECURE_PLACEHOLDER not in text
