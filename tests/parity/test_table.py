"""What a person sees of a comparison: the end of the table, and the way from a weakness to the property."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from rich.console import Console

from tests.parity.graphs import changed, graph_of, urn_of, with_value, without
from tools.parity.compare import compare
from tools.parity.page import as_page
from tools.parity.table import print_parity
from tools.parity.verdicts import ParityReport, Verdict

Json = dict[str, Any]


def _compare(left: Json, right: Json) -> ParityReport:
    return compare(left, right, date(2026, 11, 21))


def _printed(left: Json, right: Json) -> list[str]:
    console = Console(record=True, width=250)
    print_parity(_compare(left, right), console)
    return console.export_text().splitlines()


def test_the_table_ends_with_what_is_wrong() -> None:
    dev = graph_of("dev")
    lines = _printed(without(dev, urn_of(dev, ":ConfigMap", "identity-realm")), graph_of("prod"))
    end = next(number for number, line in enumerate(lines) if line.startswith("└"))
    rows = [line for line in lines[:end] if line.startswith("│")]
    wrong = next(number for number, row in enumerate(rows) if row.startswith("│ multi-factor-authentication"))
    assert "MISSING" in rows[wrong]
    assert not [row for row in rows[wrong:] if "PASS" in row or "ONE-SIDED" in row]


@pytest.mark.parametrize(("weak", "verdict"), [("left", Verdict.WEAKER_LEFT), ("right", Verdict.WEAKER_RIGHT)])
def test_an_unexplained_weakness_leads_to_the_property(weak: str, verdict: Verdict) -> None:
    sides = {"left": graph_of("dev"), "right": graph_of("prod")}
    urn = urn_of(sides[weak], ":StatefulSet", "identity-keycloak")
    sides[weak] = with_value(sides[weak], urn, "spec.replicas", 1)
    report = _compare(**sides)
    (facet,) = [facet for item in report.capabilities for facet in item.facets if facet.unexplained]
    assert facet.verdict is verdict
    assert facet.place is not None
    assert (facet.place.urn, facet.place.path) == (urn, "spec.replicas")
    where = "StatefulSet identity-keycloak: spec.replicas"
    assert any(f"copies: {where}" in line for line in _printed(**sides))
    assert where in as_page(report)


def test_an_unknown_value_leads_to_the_property() -> None:
    prod = graph_of("prod")
    urn = urn_of(prod, ":Instance", "data-databases-instance")
    report = _compare(graph_of("dev"), with_value(prod, urn, "multiAz", "[secret]"))
    places = [facet.place for item in report.capabilities for facet in item.facets if facet.unexplained]
    assert [(place.urn, place.path) for place in places if place] == [(urn, "multiAz")]


def test_what_one_side_has_stands_in_one_line_with_its_reason() -> None:
    rows = [line for line in _printed(graph_of("dev"), graph_of("prod")) if "spending-alert" in line]
    assert len(rows) == 1
    assert "own hosts cost the same" in rows[0]


def test_of_long_lists_of_names_only_what_differs_is_printed() -> None:
    dev = graph_of("dev")

    def without_one(resource: Json) -> None:
        group = next(group for group in resource["inputs"]["spec"]["groups"] if group["name"] == "gpus")
        group["rules"] = [rule for rule in group["rules"] if rule.get("alert") != "GpuHardwareError"]

    left = changed(dev, urn_of(dev, ":PrometheusRule", "observability-rules"), without_one)
    row = next(line for line in _printed(left, graph_of("prod")) if "alerts: alerts" in line)
    assert [cell.strip() for cell in row.split("│")[2:5]] == ["…", "GpuHardwareError, …", "WEAKER-LEFT"]


def test_two_graphs_of_one_stack_are_told_apart() -> None:
    report = _compare(graph_of("dev"), graph_of("dev"))
    assert (report.left, report.right) == ("dev-left", "dev-right")
