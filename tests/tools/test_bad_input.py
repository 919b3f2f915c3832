"""Bad input as a person meets it: `make up` in a checkout of one's own says one line, exits 1 and applies nothing."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from stacks.settings import KEY
from tests.stacks.conftest import ROOT

PROGRAM = ("__main__.py", "Pulumi.yaml", "Pulumi.local.yaml", "stacks", "components", "policies", "tools")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in PROGRAM:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns(".venv", "__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    return tmp_path


def edit(checkout: Path, change: Callable[[dict[str, Any]], object]) -> None:
    file = checkout / "Pulumi.local.yaml"
    content = yaml.safe_load(file.read_text("utf-8"))
    change(content["config"][KEY])
    file.write_text(yaml.safe_dump(content), "utf-8")


def refusal(checkout: Path, **environment: str) -> str:
    """The one line on which `make up` ends."""
    variables = {name: value for name, value in os.environ.items() if name not in {"STACK", "CRDS", "API_PORT"}}
    completed = subprocess.run(
        [sys.executable, "-m", "tools", "up"],
        cwd=checkout,
        env=variables | {"ENGINE": "render"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 1, completed.stderr
    assert "starting" not in completed.stdout
    assert not (checkout / ".local" / "cluster" / "kubeconfig").exists()
    (line,) = completed.stderr.splitlines()
    assert line.startswith("error: ")
    return line.removeprefix("error: ")


def misspell(platform: dict[str, Any]) -> None:
    platform["models"][0]["maxModelLenn"] = platform["models"][0].pop("maxModelLen")


def write_a_number_in_words(platform: dict[str, Any]) -> None:
    platform["models"][0]["maxModelLen"] = "long"


def name_no_domain(platform: dict[str, Any]) -> None:
    platform["domain"] = "my company"


def unknown_gpus(platform: dict[str, Any]) -> None:
    platform["models"][0]["gpu"]["pool"] = "h900"


def second_of_one_name(platform: dict[str, Any]) -> None:
    # One without other names, where there is room: everything else that is wrong would be a line of its own.
    platform["models"].append(platform["models"][3] | {"gpu": {"pool": "h100"}})


def add_a_model_for_which_no_gpu_is_left(platform: dict[str, Any]) -> None:
    platform["models"].append(platform["models"][3] | {"name": "one-too-many"})


def one_too_many(platform: dict[str, Any]) -> None:
    # The models of the stack fill its pool of L40S.
    model = next(model for model in platform["models"] if model["name"] == "qwen3-embedding")
    platform["models"].append(model | {"name": "one-too-many"})


@pytest.mark.parametrize(
    ("change", "key", "fix"),
    [
        (
            add_a_model_for_which_no_gpu_is_left,
            "models[10].gpu.pool",
            "no node of pool 'l40s' has room left for one-too-many; its models want 9 x nvidia.com/gpu in all, the "
            "pool has 2 nodes with 4 each; raise the pool's nodes.max",
        ),
        (misspell, "models[0].maxModelLenn", "did you mean 'maxModelLen'?"),
        (write_a_number_in_words, "models[0].maxModelLen", "a whole number"),
        (second_of_one_name, "models[10].name", "choose another"),
        (unknown_gpus, "models[0].gpu.pool", "pools with GPUs: l40s, h100"),
        (one_too_many, "models[10].gpu.pool", "raise the pool's nodes.max, lower replicas.min or use another pool"),
        (name_no_domain, "domain", "use labels of lower-case letters"),
    ],
    ids=[
        "a model too many",
        "unknown key",
        "wrong type",
        "two models of one name",
        "GPUs in no pool",
        "a model too many",
        "no DNS name",
    ],
)
def test_a_wrong_setting_is_one_line_with_key_and_fix(
    checkout: Path, change: Callable[[dict[str, Any]], object], key: str, fix: str
) -> None:
    edit(checkout, change)
    line = refusal(checkout)
    assert line.startswith(f"{KEY}.{key}: ")
    assert fix in line
    assert not (checkout / ".local").exists()


def test_a_missing_tool_chain_is_one_line_with_its_install_page(checkout: Path, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    line = refusal(checkout, PATH=nowhere, XDG_CACHE_HOME=nowhere, KUBEBUILDER_ASSETS=nowhere)
    assert "Go tool chain" in line
    assert "https://go.dev/dl/" in line


@pytest.mark.simulated
def test_a_pinned_port_that_is_taken_is_one_line_with_the_ways_out(checkout: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        line = refusal(checkout, API_PORT=port)
    assert f"port {port} on 127.0.0.1 is taken" in line
    assert "pin another port" in line


def test_another_stack_than_the_rehearsed_one_is_one_line_with_the_right_command(checkout: Path) -> None:
    line = refusal(checkout, STACK="dev")
    assert line.startswith("STACK=dev: make up rehearses the stack local")
    assert "make preview and deploy" in line
