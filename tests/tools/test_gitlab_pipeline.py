"""The pipeline for users on GitLab is valid, runs what exists, and lets nobody deploy to production by accident."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PIPELINE = ROOT / ".gitlab-ci.yml"
TEXT = PIPELINE.read_text("utf-8")
DOCUMENT: dict[str, Any] = yaml.safe_load(TEXT)
JOBS = [name for name, job in DOCUMENT.items() if isinstance(job, dict) and "stage" in job and name[0] != "."]
JOBS += [name for name in DOCUMENT if name.startswith("deploy-")]


def key(job: str, name: str) -> Any:
    """A key of a job as GitLab merges it: its own, or that of the last template that has it."""
    if name in DOCUMENT[job]:
        return DOCUMENT[job][name]
    parents = DOCUMENT[job].get("extends", [])
    for parent in reversed([parents] if isinstance(parents, str) else parents):
        found = key(parent, name)
        if found:
            return found
    return []


def commands(job: str) -> str:
    return "\n".join(key(job, "script"))


def conditions(job: str) -> list[str]:
    return [rule["if"] for rule in key(job, "rules")]


def test_gitlab_accepts_the_file() -> None:
    """By the JSON schema that GitLab publishes."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", str(PIPELINE)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_schema_would_notice_a_mistake(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(TEXT.replace("when: manual", "when: by-hand"))
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", str(wrong)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1


def test_every_target_of_make_exists() -> None:
    targets = set(re.findall(r"^([a-z./-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    used = set(re.findall(r"make (?:-C \S+ )?([a-z./-]+)", "\n".join(commands(job) for job in JOBS)))
    assert {"lint", "test", "policy", "parity", "report", "render", "preview"} <= used
    assert used <= targets


def test_the_engine_is_of_the_version_of_the_sdk() -> None:
    (sdk,) = re.findall(r"^pulumi==(\S+)$", (ROOT / "requirements.in").read_text("utf-8"), re.MULTILINE)
    assert re.findall(r"pulumi/pulumi-python:(\S+)", TEXT) == [sdk]


@pytest.mark.parametrize("job", ["lint", "test", "policy", "parity", "render-difference", "preview"])
def test_merge_requests_are_checked_before_anything_is_created(job: str) -> None:
    assert '$CI_PIPELINE_SOURCE == "merge_request_event"' in conditions(job)
    assert "pulumi up" not in commands(job)
    assert "deploy" not in commands(job)


@pytest.mark.parametrize("job", ["deploy-dev", "deploy-prod"])
def test_only_the_default_branch_deploys(job: str) -> None:
    assert all("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" in condition for condition in conditions(job))


def test_production_waits_for_a_person_and_for_dev() -> None:
    production = DOCUMENT["deploy-prod"]
    assert [rule["when"] for rule in production["rules"]] == ["manual"]
    assert production["needs"] == ["deploy-dev"]
    assert production["environment"]["name"] == "prod"


def test_whatever_the_engine_creates_it_judges_first() -> None:
    for line in re.findall(r"pulumi (?:up|preview) .*", TEXT):
        assert "--policy-pack policies" in line


def test_no_secret_stands_in_the_file() -> None:
    assigned = re.findall(r"^\s+(\w*(?:TOKEN|PASSPHRASE|SECRET|KEY)\w*):[ ]+(\S.*)$", TEXT, re.MULTILINE)
    assert assigned == []
