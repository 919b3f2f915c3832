"""The commands of the README, as a person types them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.stacks.conftest import ROOT

TARGETS = {"up", "down", "status", "test", "lint", "render", "preview", "deploy", "policy", "report", "fit", "bench"}


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {key: value for key, value in os.environ.items() if key not in {"STACK", "ENGINE", "MAKEFLAGS"}}
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, env=variables | environment, capture_output=True, text=True, check=False
    )


def without_engine(tmp_path: Path) -> str:
    """A PATH on which every command is found but `pulumi`."""
    folders: list[Path] = []
    for number, folder in enumerate(Path(text) for text in os.environ["PATH"].split(os.pathsep) if text):
        if not (folder / "pulumi").exists():
            folders.append(folder)
            continue
        mirror = tmp_path / str(number)
        mirror.mkdir()
        for command in folder.iterdir():
            if command.name != "pulumi":
                (mirror / command.name).symlink_to(command)
        folders.append(mirror)
    return os.pathsep.join(map(str, folders))


def test_help_lists_every_target_with_one_line() -> None:
    lines = dict(re.findall(r"^  make (\w+)\s+(\S.*)$", make("help").stdout, re.MULTILINE))
    assert set(lines) >= TARGETS


@pytest.mark.parametrize("target", ["preview", "deploy"])
def test_without_the_engine_the_vendors_install_page_is_named(target: str, tmp_path: Path) -> None:
    completed = make(target, "STACK=dev", PATH=without_engine(tmp_path))
    assert completed.returncode != 0
    assert "https://www.pulumi.com/docs/iac/download-install/" in completed.stderr


def test_a_stack_without_file_is_refused_with_those_there_are() -> None:
    completed = make("render", "STACK=staging")
    assert completed.returncode != 0
    assert "stacks here: dev, local, prod" in completed.stderr


def test_an_unknown_engine_is_refused() -> None:
    completed = make("up", "ENGINE=terraform")
    assert completed.returncode != 0
    assert "ENGINE=terraform: must be pulumi or render" in completed.stderr
    assert not re.search("Traceback", completed.stderr)


def test_a_folder_of_definitions_that_does_not_exist_is_refused() -> None:
    completed = make("up", "CRDS=/nowhere/crds")
    assert completed.returncode != 0
    assert "CRDS=/nowhere/crds: no such folder" in completed.stderr


def test_the_readme_is_short_and_names_only_targets_that_exist() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= 200
    known = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)", text)) <= known


def test_every_link_of_the_documentation_leads_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []
