"""Who reaches whom, as the page shows it."""

from __future__ import annotations

import pytest

from tests.report.reports import contents_of, sources_of
from tests.stacks.conftest import STACKS
from tools.network_matrix.judgement import judge_graph
from tools.network_matrix.text import EVERY_POD


@pytest.mark.parametrize("stack", STACKS)
def test_models_are_reached_by_the_gateway_and_the_metrics_alone(stack: str) -> None:
    shown = contents_of(stack).network
    models = [reach for reach in shown.reaches if reach.target.startswith("models/")]
    assert models
    callers = {source for reach in models for source in reach.sources}
    assert callers <= {"gateway/litellm", "gateway/model-proxy", "observability/prometheus"}
    assert shown.wrong == ()


@pytest.mark.parametrize("stack", STACKS)
def test_the_rows_hold_the_whole_matrix(stack: str) -> None:
    judged = judge_graph(sources_of(stack).graph)
    shown = contents_of(stack).network
    for rows, matrix in ((shown.declared, judged.named), (shown.crossing, judged.crossing)):
        told = {(source, row.target, port) for row in rows for source in row.sources for port in row.ports.split(", ")}
        for (source, target), ports in matrix.items():
            for port in map(str, ports):
                assert (source, target, port) in told or (EVERY_POD, target, port) in told
    assert {row.target for row in shown.declared if EVERY_POD in row.sources} == {"kube-system/kube-dns"}
