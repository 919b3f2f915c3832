"""Compares two rendered graphs. `compare` is pure: equal graphs give equal reports."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, cast

from components.base.capabilities.evaluation import Evaluation, evaluate
from components.base.capabilities.resources import records_of
from policies.graph import GraphError, check_graph
from tools.parity.objects import compare_objects
from tools.parity.parts import part_of
from tools.parity.provisions import Comparison
from tools.parity.verdicts import ParityReport, Side, UnmappedResource


def compare(left: Mapping[str, Any], right: Mapping[str, Any], today: date | None = None) -> ParityReport:
    """Compare two graphs (the content of graph.json). `today` (UTC by default) decides which reviews are due.

    Raises GraphError for a graph of another version or another shape, and for one without a cluster.
    """
    comparison = Comparison(_evaluated(left), _evaluated(right), today or datetime.now(tz=UTC).date())
    capabilities = comparison.capabilities()
    objects = compare_objects(left, right)
    proved = {proof.urn for item in capabilities for proof in (*item.left_proofs, *item.right_proofs)}
    accounted = proved | objects.urns
    unmapped = (*_unmapped("left", left, accounted), *_unmapped("right", right, accounted))
    total = len(left["resources"]) + len(right["resources"])
    names: tuple[str, str] = (left["stack"], right["stack"])
    if names[0] == names[1]:
        names = (f"{names[0]}-left", f"{names[1]}-right")
    return ParityReport(
        left=names[0],
        right=names[1],
        left_digest=_digest(left),
        right_digest=_digest(right),
        capabilities=capabilities,
        objects=objects.compared,
        unmapped=unmapped,
        stale=tuple(sorted(set(comparison.stale()))),
        resources=total,
        mapped=total - len(unmapped),
    )


def _evaluated(graph: Mapping[str, Any]) -> Evaluation:
    check_graph(graph)
    evaluation = evaluate(records_of(graph))
    if evaluation is None:
        message = "resources: none of them is a cluster; render a whole stack"
        raise GraphError(message)
    return evaluation


def _unmapped(side: Side, graph: Mapping[str, Any], accounted: set[str]) -> Iterator[UnmappedResource]:
    for resource in cast("list[dict[str, Any]]", graph["resources"]):
        if resource["urn"] not in accounted and part_of(resource) is None:
            yield UnmappedResource(side=side, urn=resource["urn"], type=resource["type"], name=resource["name"])


def _digest(graph: Mapping[str, Any]) -> str:
    """SHA-256 of the graph, whatever the order of its resources."""
    texts = sorted(json.dumps(resource, sort_keys=True) for resource in graph["resources"])
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
