"""What the documentation says of keys, prices and files is true."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from components.base.instance_prices import PRICES_AS_OF, hourly_price
from components.base.instance_types import find_instance
from stacks.schema.cluster import EksClusterSettings, K3sClusterSettings
from stacks.settings import KEY, SettingsError, load_settings
from tests.stacks.conftest import ROOT, rendered_stack
from tools.fit.command import answer_stack
from tools.render.graph import RenderedStack
from tools.render.program import render_stack
from tools.render.stack_file import StackFile, read_stack_file

README = (ROOT / "README.md").read_text("utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CLUSTERS = (ROOT / "docs/clusters.md").read_text("utf-8")
PRICED = re.findall(
    r"^\| \w+ \| (\S+\.\S+) \| (\d+) x (\S+) \| (\d+), (\d+) \| (\S+) \| (\S+) \| (\S+) \|$", CLUSTERS, re.MULTILINE
)
REGIONS = ("us-east-1", "eu-north-1", "eu-central-1")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_no_page_was_left_half_written(page: Path) -> None:
    assert re.findall(r"@[A-Z_]+@|\bTODO\b|\bFIXME\b", page.read_text("utf-8")) == []


def test_every_decision_stands_in_the_index() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text("utf-8")
    decisions = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert len(decisions) >= 15
    for page in decisions:
        number, title = page.read_text("utf-8").splitlines()[0].removeprefix("# ").split(" ", 1)
        assert f"| [{number}]({page.name}) | {title} |" in index


def test_every_runbook_that_no_alert_names_is_led_to_by_the_page_of_clusters() -> None:
    names = {page.name for page in (ROOT / "docs/runbooks").glob("*.md") if not page.stem.endswith("-alerts")}
    assert names == set(re.findall(r"\]\(runbooks/([a-z-]+\.md)\)", CLUSTERS))


def test_every_page_stands_in_the_index_of_the_documentation() -> None:
    index = (ROOT / "docs/README.md").read_text("utf-8")
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert pages == set(re.findall(r"\]\(([a-z_-]+\.md)\)", index))


# README, "Add a model in three lines": the program says what the page shows.


def dev_with_the_model_of_the_readme(**weights: str) -> StackFile:
    (block,) = re.findall(r"```yaml\n(      - .*?)```", README, re.DOTALL)
    assert len(block.splitlines()) == 3
    (model,) = yaml.safe_load(block)
    file = read_stack_file(ROOT, "dev")
    platform = json.loads(file.values[KEY])
    platform["models"].append(model | {"weights": model["weights"] | weights})
    return replace(file, values={**file.values, KEY: json.dumps(platform)})


def test_the_preview_of_the_readme_shows_resources_that_come_and_that_change() -> None:
    def inputs(stack: RenderedStack) -> dict[tuple[str, str], object]:
        return {(item.type, item.name): item.inputs for item in stack.resources}

    before, after = inputs(rendered_stack("dev")), inputs(render_stack(ROOT, dev_with_the_model_of_the_readme()))
    shown = re.findall(r"^([+~]) (\S+) +(\S+)$", README, re.MULTILINE)
    assert {mark for mark, *_ in shown} == {"+", "~"}
    for mark, kind, name in shown:
        changed = (kind, name) in before and before[kind, name] != after[kind, name]
        assert changed if mark == "~" else (kind, name) in after.keys() - before.keys(), name


def test_the_sum_of_the_readme_is_what_fit_prints() -> None:
    text = io.StringIO()
    settings = load_settings(json.loads(dev_with_the_model_of_the_readme().values[KEY]))
    assert answer_stack(Console(file=text, width=200), settings) == 0
    rows = [line for line in text.getvalue().splitlines() if "qwen3-32b" in line]
    printed = {float(number) for line in rows for number in re.findall(r"│ +([\d.]+)(?= +│)", line.replace(",", ""))}
    found = re.search(
        r"the maths: (\S+) GiB weights, (\S+) GiB left for the KV cache, (\S+) tokens, and what a million tokens cost: "
        r"(\S+) USD in, (\S+) USD out",
        " ".join(README.split()),
    )
    assert found
    assert {float(number.replace(",", "")) for number in found.groups()} <= printed


def test_the_refusal_of_the_readme_is_what_a_preview_says() -> None:
    commit = "9216db5781bf21249d130ec9da846c4624c16137"
    file = dev_with_the_model_of_the_readme(huggingFace="Qwen/Qwen3-32B", revision=commit)
    with pytest.raises(SettingsError) as refused:
        load_settings(json.loads(file.values[KEY]))
    assert f"error: {refused.value}" in " ".join(README.split())


@pytest.mark.parametrize("settings", [K3sClusterSettings, EksClusterSettings], ids=["k3s", "eks"])
def test_every_key_of_a_cluster_stands_on_its_page(settings: type[K3sClusterSettings | EksClusterSettings]) -> None:
    section = CLUSTERS.split("## k3s on your own servers")[1]
    named = set(re.findall(r"`([A-Za-z0-9]+)`", section))
    keys = {str(field.alias) for field in settings.model_fields.values()} - {"kind", "kubernetesVersion", "pools"}
    assert not keys - named


def test_the_page_names_many_priced_instance_types() -> None:
    assert len(PRICED) >= 8
    assert PRICES_AS_OF in CLUSTERS


@pytest.mark.parametrize("row", PRICED, ids=[row[0] for row in PRICED])
def test_a_row_of_the_sizing_table_says_what_the_program_counts_with(row: tuple[str, ...]) -> None:
    name, gpus, product, cores, gib, *prices = row
    instance = find_instance(name)
    assert instance is not None
    assert (instance.gpus, instance.product, instance.cpu, instance.memory_gib) == (
        int(gpus),
        product,
        int(cores),
        int(gib),
    )
    known = [hourly_price(name, region) for region in REGIONS]
    assert prices == ["—" if price is None else f"{price:.2f}" for price in known]
