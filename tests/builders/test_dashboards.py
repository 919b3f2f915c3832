from __future__ import annotations

import json
import re
import shutil
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.observability_stack.dashboards import ai_platform_dashboard
from tests.builders.exported_metrics import METRICS, metrics_used
from tests.builders.test_rules import recorded


def graphs() -> list[dict[str, Any]]:
    return [panel for panel in ai_platform_dashboard()["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    return [target["expr"] for panel in graphs() for target in panel["targets"]]


def test_every_promised_subject_has_a_panel() -> None:
    assert [panel["title"] for panel in graphs()] == [
        "Requests",
        "Server errors",
        "Time to first token at the gateway",
        "Time to last token",
        "Tokens per second",
        "Spend by team, per hour",
        "Requests running and waiting",
        "KV cache in use",
        "Time to first token at the model",
        "Utilisation",
        "Memory in use",
        "Temperature",
        "Power",
    ]


def test_panels_show_only_metrics_that_exist() -> None:
    used = {name for expression in expressions() for name in metrics_used(expression)}
    assert len(used) > 12
    assert used - METRICS - recorded() == set()


def test_the_choice_at_the_top_is_filled_from_a_metric_that_exists() -> None:
    (variable,) = ai_platform_dashboard()["templating"]["list"]
    metric, label = re.fullmatch(r"label_values\(([\w:]+), (\w+)\)", variable["definition"]).groups()  # type: ignore[union-attr]
    assert metric in METRICS
    assert label == "model_name"
    names = {name for expression in expressions() for name in re.findall(r"\$(\w+)", expression)}
    assert names == {variable["name"], "__rate_interval"}


def test_latency_is_shown_as_p50_p95_and_p99() -> None:
    for panel in graphs():
        if panel["title"].startswith("Time to"):
            quantiles = [re.findall(r"histogram_quantile\(([\d.]+),", target["expr"]) for target in panel["targets"]]
            assert quantiles == [["0.5"], ["0.95"], ["0.99"]]


def test_every_panel_has_its_own_number_and_place() -> None:
    panels = ai_platform_dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for one, other in combinations((panel["gridPos"] for panel in panels), 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, f"{one} overlaps {other}"
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)


def test_the_dashboard_is_plain_json() -> None:
    assert json.loads(json.dumps(ai_platform_dashboard())) == ai_platform_dashboard()


def test_prometheus_can_parse_every_query(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    queries = [text.replace("$__rate_interval", "5m").replace("$model", ".+") for text in expressions()]
    rules = [{"record": f"panel:query:{index}", "expr": query} for index, query in enumerate(queries)]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run([promtool, "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(queries)} rules found" in done.stdout
