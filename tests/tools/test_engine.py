"""What the engine is asked to do in a rehearsal, and what a person reads when it fails. A script stands in for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.deploy.engine import up_simulated
from tools.deploy.errors import DeployError
from tools.deploy.workspace import Workspace

STACK_FILE = {"config": {"ai-platform:platform": {"environment": "local"}}}
SALT = "v1:salt"
KINDS_OF_ENVIRONMENT = ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")

ENGINE = """#!/usr/bin/env python3
import json, os, pathlib, sys

folder = pathlib.Path(__file__).parent
seen = {name: os.environ.get(name) for name in KINDS}
with (folder / "calls").open("a") as calls:
    calls.write(json.dumps({"arguments": sys.argv[1:], "folder": os.getcwd(), "environment": seen}) + "\\n")
if sys.argv[1:3] == ["stack", "init"]:
    with open("Pulumi.local.yaml", "a") as stack_file:
        stack_file.write("encryptionsalt: " + SALT + "\\n")
    state = pathlib.Path(seen["PULUMI_BACKEND_URL"].removeprefix("file://")) / ".pulumi" / "stacks" / "ai-platform"
    state.mkdir(parents=True)
    (state / "local.json").write_text("{}")
print(SAYS)
sys.exit(int(sys.argv[1] == "up" and FAILS))
"""


@dataclass(frozen=True)
class Rehearsal:
    """A project with a stand-in for the engine on PATH."""

    workspace: Workspace
    engine: Path

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.engine.parent / "calls").read_text().splitlines()]

    def install(self, *, says: str = "done", fails: bool = False) -> None:
        constants = {"KINDS": KINDS_OF_ENVIRONMENT, "SALT": SALT, "SAYS": says, "FAILS": fails}
        first, _, rest = ENGINE.partition("\n")
        lines = [first, *(f"{name} = {value!r}" for name, value in constants.items()), rest]
        self.engine.write_text("\n".join(lines))
        self.engine.chmod(0o755)


@pytest.fixture
def rehearsal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rehearsal:
    root, programs = tmp_path / "checkout", tmp_path / "programs"
    root.mkdir()
    programs.mkdir()
    (root / "Pulumi.yaml").write_text("name: ai-platform\n")
    (root / "Pulumi.local.yaml").write_text(yaml.safe_dump(STACK_FILE))
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    made = Rehearsal(Workspace(root=root), programs / "pulumi")
    made.install()
    return made


def test_a_rehearsal_is_previewed_with_all_policies_before_anything_is_created(rehearsal: Rehearsal) -> None:
    up_simulated(rehearsal.workspace)
    initialised, previewed, deployed = rehearsal.calls
    assert initialised["arguments"][:3] == ["stack", "init", "local"]
    assert (previewed["arguments"][0], deployed["arguments"][0]) == ("preview", "up")
    for call in (previewed, deployed):
        assert call["folder"] == str(rehearsal.workspace.root)
        assert call["arguments"][call["arguments"].index("--policy-pack") + 1] == "policies"


def test_the_tracked_stack_file_never_gets_a_salt_and_the_engine_always_has_it(rehearsal: Rehearsal) -> None:
    tracked = (rehearsal.workspace.root / "Pulumi.local.yaml").read_text()
    for _ in range(2):
        up_simulated(rehearsal.workspace)
        used = Path(rehearsal.calls[-1]["arguments"][rehearsal.calls[-1]["arguments"].index("--config-file") + 1])
        assert yaml.safe_load(used.read_text()) == STACK_FILE | {"encryptionsalt": SALT}
    assert (rehearsal.workspace.root / "Pulumi.local.yaml").read_text() == tracked
    assert [call["arguments"][0] for call in rehearsal.calls] == ["stack", "preview", "up", "preview", "up"]


def test_a_passphrase_of_another_project_does_not_lock_the_state(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "of another project")
    up_simulated(rehearsal.workspace)
    passphrases = {call["environment"]["PULUMI_CONFIG_PASSPHRASE_FILE"] for call in rehearsal.calls}
    assert passphrases == {str(rehearsal.workspace.engine / "passphrase")}
    assert {call["environment"]["PULUMI_CONFIG_PASSPHRASE"] for call in rehearsal.calls} == {None}


@pytest.mark.parametrize(
    ("says", "hinted"),
    [
        ("error: no resource plugin 'pulumi-resource-random' found in the workspace at version v4.21.4", True),
        ("error: could not load plugin for kubernetes provider", True),
        ("+ kubernetes:networking.k8s.io:NetworkPolicy network-data-allow-plugin-barman-cloud create", False),
    ],
)
def test_only_a_missing_plug_in_is_called_one(rehearsal: Rehearsal, says: str, hinted: bool) -> None:
    rehearsal.install(says=says, fails=True)
    with pytest.raises(DeployError, match="pulumi up ended with exit code 1") as caught:
        up_simulated(rehearsal.workspace)
    assert ("lacks a plug-in" in str(caught.value)) is hinted


def test_the_lock_of_a_killed_run_is_taken_away_before_the_next_one(rehearsal: Rehearsal) -> None:
    up_simulated(rehearsal.workspace)
    lock = (
        rehearsal.workspace.engine / "state" / ".pulumi" / "locks" / "organization" / "ai-platform" / "local" / "a.json"
    )
    lock.parent.mkdir(parents=True)
    lock.write_text("{}")
    up_simulated(rehearsal.workspace)
    assert [call["arguments"][0] for call in rehearsal.calls[3:]] == ["cancel", "preview", "up"]
