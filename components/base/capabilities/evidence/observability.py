"""What is measured, shown and called out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from components.base.capabilities.facets import UNKNOWN, Amount, Difference, Facet, Names, holds
from components.base.capabilities.resources import Key, Reading, Record, Resources, is_set
from components.base.capabilities.specification import Specification

NAMESPACE = "observability"
CHART = "kube-prometheus-stack"
_WORKSPACE = "aws:amp/workspace:Workspace"
_PROMETHEUS: tuple[Key, ...] = ("values", "prometheus", "prometheusSpec")
_DAYS = re.compile(r"(\d+)d")

TARGETS = frozenset({"autoscaler", "certificates", "gateway", "gpu", "identity", "model", "vector-store"})
ALERTS = frozenset(
    {"autoscaling", "certificates", "gateway", "gpus", "identity", "models", "rollouts", "vector-store", "volumes"}
)


def metrics(resources: Resources) -> Iterator[Reading]:
    """What is scraped, how long it is kept, and where."""
    for record in resources.kind("monitoring.coreos.com:PodMonitor"):
        if record.object_name in TARGETS:
            yield record.says("targets", frozenset({record.object_name}), "metadata", "name")
    charts = resources.charts(CHART)
    for record in charts:
        yield record.amount("kept", *_PROMETHEUS, "retention", of=_days)
        yield record.amount("copies", *_PROMETHEUS, "replicas")
        if not resources.of(_WORKSPACE):
            yield record.says("outlives-cluster", "no", *_PROMETHEUS)
    for record in resources.of(_WORKSPACE):
        yield record.guarded("outlives-cluster")
        for chart in charts:
            yield chart.holds("outlives-cluster", *_PROMETHEUS, "remoteWrite", when=is_set)


def dashboards(resources: Resources) -> Iterator[Reading]:
    """Dashboards and who may see them."""
    for record in resources.kind("ConfigMap"):
        if record.namespace == NAMESPACE and record.read("metadata", "labels", "grafana_dashboard") is not None:
            label: tuple[Key, ...] = ("metadata", "labels", "grafana_dashboard")
            yield record.holds("found", *label, when=lambda value: value == "1")
            yield record.holds("shown", "data", when=is_set)
    for record in resources.charts(CHART):
        ini: tuple[Key, ...] = ("values", "grafana", "grafana.ini")
        yield record.holds("signed-in", *ini, "auth.generic_oauth", "enabled")
        yield record.holds("no-other-way", *ini, "auth", "disable_login_form")


def alerts(resources: Resources) -> Iterator[Reading]:
    """Groups of alerts, and who sends them."""
    for record in resources.kind("monitoring.coreos.com:PrometheusRule"):
        groups = record.read("spec", "groups")
        if groups is UNKNOWN:
            yield record.says("groups", UNKNOWN, "spec", "groups")
            yield record.says("alerts", UNKNOWN, "spec", "groups")
        for place, _ in record.items("spec", "groups"):
            yield from _group(record, place)
    for record in resources.charts(CHART):
        yield record.amount("senders", "values", "alertmanager", "alertmanagerSpec", "replicas")


def _group(record: Record, place: int) -> Iterator[Reading]:
    keys: tuple[Key, ...] = ("spec", "groups", place)
    name, rules = record.read(*keys, "name"), record.read(*keys, "rules")
    if UNKNOWN in (name, rules):
        yield record.says("groups", UNKNOWN, *keys)
        yield record.says("alerts", UNKNOWN, *keys)
    elif name in ALERTS:
        yield record.says("groups", frozenset({name}) if rules else frozenset(), *keys)
        names = [record.read(*keys, "rules", rule, "alert") for rule, _ in record.items(*keys, "rules")]
        # Rules that record a number have no name. One name may stand for several models or windows of time.
        told = UNKNOWN if UNKNOWN in names else frozenset(map(str, filter(None, names)))
        yield record.says("alerts", told, *keys, "rules")


def _days(text: str) -> int:
    found = _DAYS.fullmatch(text)
    return int(found[1]) if found else 0


SPECIFICATIONS = (
    Specification(
        name="metrics",
        statement="Every part of the platform is measured.",
        evidence=metrics,
        facets=(
            Facet(name="targets", meaning="what is measured", kind="operability", minimum=TARGETS, order=Names()),
            Facet(
                name="kept",
                meaning="how long measurements are kept",
                kind="operability",
                minimum=7,
                order=Amount("days"),
                floor_only=True,
            ),
            Facet(
                name="copies",
                meaning="servers that measure",
                kind="operability",
                minimum=2,
                order=Amount("servers"),
                floor_only=True,
            ),
            Facet(
                name="outlives-cluster",
                meaning="measurements are kept outside of the cluster too",
                kind="durability",
                minimum="no",
                differences=(
                    Difference(
                        weaker="k3s",
                        stronger="eks",
                        value="no",
                        than="yes",
                        reason="there is nothing outside of the cluster to "
                        "write to; the volumes of the servers outlive them",
                    ),
                ),
            ),
        ),
    ),
    Specification(
        name="dashboards",
        statement="People see what happens after they have signed in.",
        evidence=dashboards,
        facets=(
            holds("found", "dashboards carry the label by which they are found", "operability"),
            holds("shown", "dashboards have content", "operability"),
            holds("signed-in", "single sign-on lets people in"),
            holds("no-other-way", "there is no other way in"),
        ),
    ),
    Specification(
        name="alerts",
        statement="Somebody is told before users notice.",
        evidence=alerts,
        facets=(
            Facet(name="groups", meaning="what is watched", kind="operability", minimum=ALERTS, order=Names()),
            Facet(
                name="alerts",
                meaning="alerts of these groups by name",
                kind="operability",
                minimum=frozenset(),
                order=Names(),
            ),
            Facet(
                name="senders",
                meaning="servers that send alerts",
                kind="operability",
                minimum=2,
                order=Amount("servers"),
                floor_only=True,
            ),
        ),
    ),
)
