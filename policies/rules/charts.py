"""Third-party charts and manifests: one exact version, fetched over an encrypted connection, none withdrawn."""

from __future__ import annotations

import re

from components.base.withdrawn_versions import entries_for
from policies.checks import each, per_type
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.normalise import UnknownValueError
from policies.registry import Rule
from policies.subjects import Subject

PINNED_CHART = "ai-platform:charts:PinnedChart"
CHARTS = (
    PINNED_CHART,
    "kubernetes:helm.sh/v4:Chart",
    "kubernetes:helm.sh/v3:Chart",
    "kubernetes:helm.sh/v3:Release",
)
MANIFESTS = (
    "kubernetes:yaml/v2:ConfigFile",
    "kubernetes:yaml/v2:ConfigGroup",
    "kubernetes:yaml:ConfigFile",
    "kubernetes:yaml:ConfigGroup",
    "kubernetes:kustomize/v2:Directory",
    "kubernetes:kustomize:Directory",
)

EXACT_VERSION = re.compile(r"v?\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?")
SOURCES = (("chart",), ("source",), ("location",), ("repositoryOpts", "repo"))
REMOTE = re.compile(r"://|^(?:github|gitlab|bitbucket)\.")


def _chart_name(chart: Subject) -> str:
    name = chart.root.at("chart")
    if not name.present:
        # The engine shows no property of a v4 Chart to policies: not even which chart it is.
        raise UnknownValueError(name.path)
    return name.text()


def _exact_version(chart: Subject) -> Outcomes:
    _chart_name(chart)
    version = chart.root.at("version")
    if not EXACT_VERSION.fullmatch(version.text()):
        yield Violation(version.path, "must be one exact version, not a range and not the newest")


def _encrypted_source(chart: Subject) -> Outcomes:
    def check(source: Field) -> Outcomes:
        if source.text().startswith("http://"):
            yield Violation(source.path, "must be fetched over TLS (https:// or oci://)")

    yield from each((chart.root.at(*place) for place in SOURCES), check)


def _not_withdrawn(chart: Subject) -> Outcomes:
    version = chart.root.at("version")
    for entry in entries_for("chart", _chart_name(chart)):
        if entry.covers(version.text()) is not False:
            yield Violation(version.path, f"must not be deployed: {entry.reason}; use {entry.instead}")


def _local_manifests(manifests: Subject) -> Outcomes:
    root = manifests.root
    files = root.at("files")
    many = files.items() if isinstance(files.value, list) else [files]

    def check(place: Field) -> Outcomes:
        if REMOTE.search(place.text()):
            yield Violation(place.path, "must be a file of this repository: what a URL serves can change")

    yield from each((root.at("file"), root.at("directory"), *many), check)


RULES = (
    Rule(
        id="SUP-03",
        title="Charts are pinned to one version",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A range or the newest version changes the cluster on a day when nobody changed the program.",
        sources=("own", "SLSA: dependencies are pinned"),
        remediation="Deploy the chart with PinnedChart and a ChartPin of components/base/pins.py.",
        of_object=per_type(_exact_version, *CHARTS),
    ),
    Rule(
        id="SUP-07",
        title="Charts are fetched over TLS",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Whoever sits on the connection can change what is deployed.",
        sources=("own",),
        remediation="Name an https:// repository or an oci:// registry.",
        of_object=per_type(_encrypted_source, *CHARTS),
    ),
    Rule(
        id="SUP-08",
        title="No chart with a known hole",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="A chart's version decides which images run, with their holes.",
        sources=("NSA C-0292", "CVE-2025-23266", "own"),
        remediation="Pin a release that components/base/withdrawn_versions.py does not list.",
        of_object=per_type(_not_withdrawn, *CHARTS),
    ),
    Rule(
        id="SUP-09",
        title="Manifests come from files of the repository",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="What a URL serves can change between the review and the deployment.",
        sources=("own",),
        remediation="Put the manifest into the repository, or write its objects in the program.",
        of_object=per_type(_local_manifests, *MANIFESTS),
    ),
)
