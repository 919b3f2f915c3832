"""Puts the parts of the report together. Pure: equal sources give an equal page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from policies.exceptions import PolicyException
from policies.judge import Report as Judged
from stacks.serving import placed
from stacks.settings import PlatformSettings
from tools.parity.verdicts import ParityReport
from tools.report.cost import Cost, cost
from tools.report.findings import Findings, findings
from tools.report.fit_terms import ModelFit, model_fits
from tools.report.images import Software, software
from tools.report.network import Network, network
from tools.report.placement import PoolPlacement, placements
from tools.report.summary import Parts, Summary, summary
from tools.report.topology.view import Topology, topology
from tools.report.weights import ModelWeights, model_weights


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What a report is made of. `graph` is the content of graph.json, secrets redacted."""

    graph: Mapping[str, Any]
    settings: PlatformSettings
    judged: Judged
    exceptions: tuple[PolicyException, ...]
    parity: ParityReport
    today: date


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Everything that the page shows."""

    today: date
    summary: Summary
    topology: Topology
    network: Network
    pools: tuple[PoolPlacement, ...]
    fits: tuple[ModelFit, ...]
    cost: Cost
    findings: Findings
    parity: ParityReport
    software: Software
    weights: tuple[ModelWeights, ...]


def contents(sources: Sources) -> Contents:
    """The page's contents."""
    settings, graph = sources.settings, sources.graph
    models = [placed(model) for model in settings.models]
    pools = tuple(pool.as_pool() for pool in settings.cluster.pools)
    placement, fits, costs = placements(models, pools), model_fits(models, pools), cost(settings)
    reachable = network(graph)
    found = findings(sources.judged, sources.exceptions, sources.today)
    parts = Parts(findings=found, fits=fits, pools=placement, cost=costs, parity=sources.parity, network=reachable)
    return Contents(
        today=sources.today,
        summary=summary(graph, settings, parts),
        topology=topology(graph),
        network=reachable,
        pools=placement,
        fits=fits,
        cost=costs,
        findings=found,
        parity=sources.parity,
        software=software(graph["resources"]),
        weights=model_weights(settings),
    )
