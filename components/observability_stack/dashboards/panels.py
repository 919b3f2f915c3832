"""Panels of a Grafana dashboard, placed row by row, as plain data.

Source: Grafana documentation, "Dashboard JSON model" (classic schema).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

DATA_SOURCE = {"type": "prometheus", "uid": "prometheus"}
"""The data source that the chart provisions, with its fixed uid."""

GRID_WIDTH = 24
PANEL_HEIGHT = 8
SCHEMA_VERSION = 39

Unit = Literal["reqps", "percentunit", "s", "short", "celsius", "watt", "currencyUSD"]
"""Units as Grafana names them; `percentunit` shows 0.5 as 50 %."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """One PromQL `expression`; `legend` names its series (`{{label}}`)."""

    expression: str
    legend: str


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A graph over time of `queries` in `unit`. `description` is shown at the panel's corner."""

    title: str
    unit: Unit
    queries: tuple[Query, ...]
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """Panels that share the width of the page, under a heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A choice at the top of the page: the values of `label` of the series `metric`, several or all at once."""

    name: str
    metric: str
    label: str


def dashboard(uid: str, title: str, variables: Iterable[Variable], rows: Iterable[Row]) -> dict[str, Any]:
    """The dashboard's JSON model. `uid` is its lasting address in Grafana."""
    return {
        "uid": uid,
        "title": title,
        "tags": ["ai-platform"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "timezone": "utc",
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [_variable(variable) for variable in variables]},
        "panels": _place(list(rows)),
    }


def _place(rows: Sequence[Row]) -> list[dict[str, Any]]:
    placed: list[dict[str, Any]] = []
    top = 0
    for row in rows:
        placed.append(
            {
                "id": len(placed) + 1,
                "type": "row",
                "title": row.title,
                "collapsed": False,
                "panels": [],
                "gridPos": {"x": 0, "y": top, "w": GRID_WIDTH, "h": 1},
            }
        )
        width = GRID_WIDTH // len(row.panels)
        for index, panel in enumerate(row.panels):
            grid = {"x": index * width, "y": top + 1, "w": width, "h": PANEL_HEIGHT}
            placed.append({"id": len(placed) + 1, **_graph(panel), "gridPos": grid})
        top += 1 + PANEL_HEIGHT
    return placed


def _graph(panel: Panel) -> dict[str, Any]:
    return {
        "type": "timeseries",
        "title": panel.title,
        "description": panel.description,
        "datasource": DATA_SOURCE,
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": DATA_SOURCE,
                "expr": query.expression,
                "legendFormat": query.legend,
            }
            for index, query in enumerate(panel.queries)
        ],
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
    }


def _variable(variable: Variable) -> dict[str, Any]:
    query = f"label_values({variable.metric}, {variable.label})"
    return {
        "name": variable.name,
        "type": "query",
        "datasource": DATA_SOURCE,
        "query": {"query": query, "refId": variable.name},
        "definition": query,
        "includeAll": True,
        "multi": True,
        "current": {"text": ["All"], "value": ["$__all"]},
        "refresh": 2,
        "sort": 1,
    }
