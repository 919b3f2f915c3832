"""Grafana's settings: in the values of its chart, and in the grafana.ini that the chart makes of them."""

from __future__ import annotations

import configparser
from collections.abc import Callable
from functools import lru_cache

from policies.checks import guarded
from policies.fields import Field, MalformedError
from policies.findings import Outcomes
from policies.registry import ObjectCheck
from policies.subjects import CHART_PREFIX, Subject

_STACK_CHART = "kube-prometheus-stack"
_OWN_CHART = "grafana"
_INI = "grafana.ini"


def chart_values(subject: Subject) -> Field | None:
    """Values of Grafana's chart, be it in the monitoring stack's or by itself; None where there is no Grafana."""
    chart = subject.root.at("chart")
    if not subject.type.startswith(CHART_PREFIX) or not chart.present:
        # Under the engine a chart's arguments do not show; its ConfigMap does.
        return None
    name, values = chart.text().rpartition("/")[2], subject.root.at("values")
    if name == _OWN_CHART:
        return values
    grafana = values.at("grafana")
    return grafana if name == _STACK_CHART and grafana.at("enabled").value is not False else None


def grafana_settings(subject: Subject) -> Field | None:
    """The sections of grafana.ini; None for what holds none. Raises MalformedError."""
    values = chart_values(subject)
    if values is not None:
        return values.at(_INI)
    if not subject.is_a("", "ConfigMap"):
        return None
    text = subject.root.at("data", _INI)
    if not text.present:
        return None
    try:
        return Field(_parsed(text.text()), text.path)
    except configparser.Error:
        raise MalformedError(text.path, "an INI file") from None


def per_grafana(check: Callable[[Field], Outcomes]) -> ObjectCheck:
    """Run `check` on the settings of every Grafana."""

    def of_subject(subject: Subject) -> Outcomes:
        settings = grafana_settings(subject)
        if settings is not None:
            yield from check(settings)

    return lambda subject: guarded(of_subject, subject)


@lru_cache(maxsize=4)
def _parsed(text: str) -> dict[str, dict[str, object]]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return {name: {key: _value(word) for key, word in parser[name].items()} for name in parser.sections()}


def _value(word: str) -> object:
    return {"true": True, "false": False}.get(word.lower(), word)
