"""The head of the report: what the stack is, its size, and in one line whether it may be deployed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from policies.findings import Result
from stacks.schema.cluster import EksClusterSettings
from stacks.settings import PlatformSettings
from tools.parity.verdicts import ParityReport
from tools.report.cost import Cost
from tools.report.findings import ADVISORY, MANDATORY, Findings
from tools.report.fit_terms import ModelFit
from tools.report.network import Network
from tools.report.placement import PoolPlacement
from tools.report.units import plural, usd

Tone = Literal["stop", "look", "go"]

_KINDS = {"k3s": "own servers with k3s", "eks": "Amazon EKS", "existing": "an existing cluster"}
_MOST_NAMED = 3
_SOON = 30
"""Days before its end in which an exception is pointed out."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether to go on. `action` says what to do next."""

    tone: Tone
    headline: str
    action: str


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A number with its name."""

    name: str
    value: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The head of the page."""

    stack: str
    environment: str
    domain: str
    cluster: str
    verdict: Verdict
    facts: tuple[Fact, ...]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts of the report that the head sums up."""

    findings: Findings
    fits: tuple[ModelFit, ...]
    pools: tuple[PoolPlacement, ...]
    cost: Cost
    parity: ParityReport
    network: Network


def summary(graph: Mapping[str, Any], settings: PlatformSettings, parts: Parts) -> Summary:
    """The head of the page, from its other parts."""
    return Summary(
        stack=graph["stack"],
        environment=settings.environment,
        domain=settings.domain,
        cluster=_cluster(settings),
        verdict=verdict(parts),
        facts=tuple(_facts(graph, settings, parts)),
    )


def verdict(parts: Parts) -> Verdict:
    """What stops the deployment first; then what wants a look; otherwise go."""
    stop = _stop(parts)
    if stop:
        return stop
    open_points = list(_open_points(parts))
    if open_points:
        return Verdict(
            tone="look",
            headline="Deployable: nothing stops it, but look at this first",
            action=f"{_sentence('; '.join(open_points))} {_undecided(parts.findings)}".strip(),
        )
    return Verdict(
        tone="go",
        headline="Deployable: nothing stops it",
        action=f"Every model fits and parity with {parts.parity.right} holds. {_undecided(parts.findings)}".strip(),
    )


def _stop(parts: Parts) -> Verdict | None:
    misfits = [model.name for model in parts.fits if not model.fit.fits]
    if misfits:
        return Verdict(
            tone="stop",
            headline=f"Do not deploy: {plural(len(misfits), 'model')} too large for the GPUs",
            action=f"See the fit of {_named(misfits)} and change gpu, precision or maxModelLen.",
        )
    findings = parts.findings
    stopping = list(dict.fromkeys(finding.rule for finding in findings.shown if finding.result == MANDATORY))
    if stopping:
        return Verdict(
            tone="stop",
            headline=f"Do not deploy: {plural(findings.count(MANDATORY), 'mandatory finding')}",
            action=f"Repair {_named(stopping)} first; make policy ends with an error until then.",
        )
    if parts.network.wrong:
        return Verdict(
            tone="stop",
            headline="Do not deploy: network policies are not what is declared",
            action=f"See {plural(len(parts.network.wrong), 'difference')} under Network; make network lists them too.",
        )
    return None


def _open_points(parts: Parts) -> Iterator[str]:
    """What does not stop a deployment and still wants a decision."""
    if parts.cost.over_budget:
        yield "the nodes alone cost more than the budget of the stack"
    parity = parts.parity
    if parity.exit_code:
        yield f"{plural(parity.open_ends, 'difference')} from {parity.right} without a reason"
    advisory = parts.findings.count(ADVISORY)
    if advisory:
        yield plural(advisory, "advisory finding")
    ending = [entry.id for entry in parts.findings.exceptions if entry.days_left <= _SOON]
    if ending:
        yield f"within {_SOON} days ends {_named(ending)}"


def _undecided(findings: Findings) -> str:
    number = findings.count(Result.UNDECIDED.value)
    return (
        f"{plural(number, 'finding')} undecided until the engine's preview or update sees the values." if number else ""
    )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _named(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    text = ", ".join(names[:_MOST_NAMED])
    return f"{text} and {more} more" if more > 0 else text


def _cluster(settings: PlatformSettings) -> str:
    cluster = settings.cluster
    place = f", {cluster.region}" if isinstance(cluster, EksClusterSettings) else ""
    return f"{_KINDS[cluster.kind]}, Kubernetes {cluster.kubernetes_version}{place}"


def _facts(graph: Mapping[str, Any], settings: PlatformSettings, parts: Parts) -> list[Fact]:
    resources: list[Mapping[str, Any]] = graph["resources"]
    objects = sum(str(resource["type"]).startswith("kubernetes:") for resource in resources)
    used, units = sum(pool.used for pool in parts.pools), sum(pool.units for pool in parts.pools)
    findings, parity = parts.findings, parts.parity
    return [
        Fact(name="Resources", value=f"{len(resources):,}", detail=f"{objects:,} Kubernetes objects"),
        Fact(name="Models", value=str(len(settings.models)), detail=f"for {plural(len(settings.teams), 'team')}"),
        Fact(name="GPUs held", value=f"{used} of {units}", detail=f"in {plural(len(parts.pools), 'pool')}"),
        _node_cost(parts.cost),
        Fact(
            name="Mandatory findings",
            value=str(findings.count(MANDATORY)),
            detail=f"{findings.rules} rules, {findings.resources:,} resources",
        ),
        Fact(
            name=f"Parity with {parity.right}",
            value=plural(parity.open_ends, "difference") if parity.exit_code else "holds",
            detail=f"without a reason; {len(parity.capabilities)} capabilities"
            if parity.exit_code
            else f"{len(parity.capabilities)} capabilities compared",
        ),
    ]


def _node_cost(cost: Cost) -> Fact:
    month = None if cost.least_usd is None else cost.least_usd * cost.hours_per_month
    detail = f"without {', '.join(cost.unpriced)}" if cost.unpriced else "with the fewest nodes"
    return Fact(name="Nodes, USD per month", value=usd(month), detail=detail)
