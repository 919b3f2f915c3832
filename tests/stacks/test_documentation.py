"""What the documentation says of keys, prices and files is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from components.base.instance_prices import PRICES_AS_OF, hourly_price
from components.base.instance_types import find_instance
from stacks.schema.cluster import EksClusterSettings, K3sClusterSettings

ROOT = Path(__file__).resolve().parents[2]
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
