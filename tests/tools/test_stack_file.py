"""What the reader of stack files refuses before the program sees it."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pytest

from stacks.configuration import read_settings
from tools.render.errors import RenderError
from tools.render.program import record
from tools.render.stack_file import read_stack_file

DEFAULTS_OFF = '"pulumi:disable-default-providers": ["*"]'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: ai-platform\n")
    return tmp_path


def read(project: Path, text: str) -> dict[str, str]:
    (project / "Pulumi.local.yaml").write_text(text)
    return dict(read_stack_file(project, "local").values)


def refusal(project: Path, text: str) -> str:
    with pytest.raises(RenderError) as caught:
        read(project, text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_values_are_handed_on_as_the_engine_does(project: Path) -> None:
    values = read(project, f'config:\n  {DEFAULTS_OFF}\n  "ai-platform:platform": {{models: [{{name: a}}]}}\n')
    assert values["ai-platform:platform"] == '{"models": [{"name": "a"}]}'


def test_a_date_stays_text(project: Path) -> None:
    values = read(project, f'config:\n  {DEFAULTS_OFF}\n  "ai-platform:platform": {{domain: 2026-11-20}}\n')
    assert values["ai-platform:platform"] == '{"domain": "2026-11-20"}'


def test_a_key_that_stands_twice_is_named_with_its_line(project: Path) -> None:
    line = refusal(project, "config:\n  a: {name: x,\n    name: y}\n")
    assert line.endswith("Pulumi.local.yaml, line 3: the key 'name' stands twice in one mapping")


@pytest.mark.parametrize("text", ["config: [\n", "config: {a: *b}\n", "? [a]\n: b\n"])
def test_broken_yaml_is_named_with_its_line(project: Path, text: str) -> None:
    assert "Pulumi.local.yaml, line " in refusal(project, text)


@pytest.mark.parametrize("text", ["[]\n", "", "config: text\n"])
def test_a_file_that_is_no_mapping_is_refused(project: Path, text: str) -> None:
    assert "mapping" in refusal(project, text) or "disable-default-providers" in refusal(project, text)


@pytest.mark.parametrize("config", ["{}", '{"pulumi:disable-default-providers": []}'])
def test_a_stack_that_leaves_default_providers_on_is_refused(project: Path, config: str) -> None:
    assert 'pulumi:disable-default-providers: ["*"]' in refusal(project, f"config: {config}\n")


def test_a_misspelt_secret_is_refused_by_the_program() -> None:
    with pytest.raises(pulumi.RunError) as caught:
        record(read_settings, config={"ai-platform:hugingFaceToken": "hf"})
    assert str(caught.value) == "ai-platform:hugingFaceToken: unknown key; did you mean 'huggingFaceToken'?"


def test_keys_of_other_projects_are_none_of_the_programs_business() -> None:
    with pytest.raises(pulumi.RunError, match="does not set it"):
        record(read_settings, config={"aws:region": "eu-north-1"})
