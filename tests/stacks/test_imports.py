"""Imports point one way: __main__ → stacks → components → components/base; nothing imports tools."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OWN = {"stacks", "components", "policies", "tools", "tests"}
PROVIDER_SDKS = {"pulumi_kubernetes", "pulumi_aws", "pulumi_random", "pulumi_command", "pulumi_tls"}


def files(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")) if ".venv" not in path.parts]
    assert found
    return found


def imported(path: Path) -> set[str]:
    """Modules imported at run time; `if TYPE_CHECKING:` blocks are for the type checker alone."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def packages(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(path)}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", files("components"), ids=relative)
def test_components_import_only_components(path: Path) -> None:
    assert packages(path) & OWN <= {"components"}


@pytest.mark.parametrize("path", files("components/base"), ids=relative)
def test_base_imports_only_base_and_no_provider_sdk(path: Path) -> None:
    own = {name for name in imported(path) if name.split(".")[0] in OWN}
    assert all(name == "components" or name.startswith("components.base") for name in own)
    assert not packages(path) & PROVIDER_SDKS


@pytest.mark.parametrize("path", files("policies"), ids=relative)
def test_policies_import_policies_and_base_at_most(path: Path) -> None:
    own = {name for name in imported(path) if name.split(".")[0] in OWN}
    assert all(name.startswith(("policies", "components.base")) or name == "components" for name in own)
    assert not packages(path) & PROVIDER_SDKS


@pytest.mark.parametrize("path", [*files("stacks"), ROOT / "__main__.py"], ids=relative)
def test_stacks_and_the_program_import_no_tools_and_no_policies(path: Path) -> None:
    assert packages(path) & OWN <= {"stacks", "components"}


@pytest.mark.parametrize("path", files("components"), ids=relative)
def test_only_stacks_read_configuration_and_export(path: Path) -> None:
    calls = {
        ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)
    }
    assert not calls & {"pulumi.Config", "pulumi.export", "pulumi.get_stack", "pulumi.get_project"}


SUBSTRATE_IMPLEMENTATIONS = "components/gpu_cluster/"


@pytest.mark.parametrize(
    "path",
    [path for path in files("components") if not relative(path).startswith(SUBSTRATE_IMPLEMENTATIONS)],
    ids=relative,
)
def test_nothing_outside_the_implementations_knows_its_substrate(path: Path) -> None:
    assert not packages(path) & {"pulumi_aws", "pulumi_command"}
    text = path.read_text("utf-8")
    assert "kind ==" not in text
    assert "is_onprem" not in text
    calls = [ast.unparse(node) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    assert not [call for call in calls if call.startswith("isinstance(") and "Cluster" in call]


def test_the_program_stays_short() -> None:
    assert len((ROOT / "__main__.py").read_text("utf-8").splitlines()) < 40
