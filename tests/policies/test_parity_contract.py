"""PAR-01 and PAR-02: a stack that misses or weakens a capability fails; what is unknown is never taken for a pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from components.base.capabilities.catalogue import CATALOGUE
from components.base.capabilities.evaluation import Provision, evaluate, reaches
from components.base.capabilities.resources import Resources, records_of
from policies.findings import Finding, Result
from policies.judge import judge
from policies.registry import Registry
from policies.rules.parity_contract import RULES
from tests.parity.graphs import changed, graph_of, urn_of, with_value, without
from tests.policies.cases import UNKNOWN
from tests.policies.conftest import JudgeAsEngine
from tests.policies.objects import TODAY, deployment, graph

Json = dict[str, Any]
STACKS = ("dev", "prod")


def _findings(content: Json) -> list[Finding]:
    return list(judge(content, (), TODAY, Registry(RULES)).findings)


@pytest.mark.parametrize("stack", STACKS)
def test_what_ships_fulfils_the_contract(stack: str) -> None:
    assert _findings(graph_of(stack)) == []


def test_the_rehearsal_provides_everything_though_smaller() -> None:
    findings = _findings(graph_of("local"))
    assert {item.rule for item in findings} == {"PAR-02"}
    assert {item.result for item in findings} == {Result.FAIL}


def test_objects_without_a_cluster_are_no_stack() -> None:
    assert _findings(graph(deployment())) == []


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("name", [item.name for item in CATALOGUE if not item.chosen])
def test_a_stack_without_a_capability_fails_and_the_capability_is_named(stack: str, name: str) -> None:
    content = graph_of(stack)
    evaluation = evaluate(records_of(content))
    assert evaluation is not None
    provision = next(item for item in evaluation.provisions if item.specification.name == name)
    cluster = {item["urn"] for item in content["resources"] if item["type"].endswith("GpuCluster")}
    proofs = {reading.urn for reading in provision.readings} - cluster
    rest = {**content, "resources": [item for item in content["resources"] if item["urn"] not in proofs]}
    about = [item for item in _findings(rest) if name in (item.path, *item.message.split())]
    elsewhere = provision.specification.one_sided and not provision.provided
    assert elsewhere or {item.result for item in about} >= {Result.FAIL}


WEAKENED = [
    ("prod", ":Instance", "data-databases-instance", "multiAz", False),
    ("prod", ":Instance", "data-databases-instance", "backupRetentionPeriod", 1),
    ("prod", ":Cluster", "cluster-infrastructure-control-plane-cluster", "encryptionConfig.resources", []),
    ("dev", ":Cluster", "data-databases-cluster", "spec.instances", 1),
    ("dev", ":K3sInstallation", "cluster-hosts", "servers[1].secrets-encryption", False),
    ("dev", ":HorizontalPodAutoscaler", "gateway-litellm-autoscaler", "spec.minReplicas", 1),
    ("dev", ":PinnedChart", "gpu-operator", "values.dcgmExporter.enabled", False),
]


@pytest.mark.parametrize(("stack", "kind", "name", "path", "value"), WEAKENED)
def test_a_weakened_property_fails_at_its_place_and_unknown_it_is_undecided(
    stack: str, kind: str, name: str, path: str, value: Any
) -> None:
    content = graph_of(stack)
    urn = urn_of(content, kind, name)
    weak = _findings(with_value(content, urn, path, value))
    assert [(item.rule, item.result, item.urn) for item in weak] == [("PAR-02", Result.FAIL, urn)] * len(weak)
    assert path in {item.path for item in weak}
    hidden = _findings(with_value(content, urn, path, UNKNOWN))
    assert {(item.rule, item.result) for item in hidden} == {("PAR-02", Result.UNDECIDED)}
    assert path in {item.path for item in hidden}


def test_a_failure_is_not_hidden_by_an_unknown_neighbour() -> None:
    content = graph_of("dev")
    urn = urn_of(content, ":K3sInstallation", "cluster-hosts")
    weak = with_value(content, urn, "servers[2].secrets-encryption", False)
    both = _findings(with_value(weak, urn, "servers[0].secrets-encryption", UNKNOWN))
    assert [(item.result, item.path) for item in both] == [(Result.FAIL, "servers[2].secrets-encryption")]


def test_a_name_that_may_hide_behind_an_unknown_is_undecided() -> None:
    content = graph_of("dev")
    hidden = _findings(
        with_value(content, urn_of(content, ":PrometheusRule", "observability-rules"), "spec.groups", UNKNOWN)
    )
    assert {(item.rule, item.result) for item in hidden} == {("PAR-02", Result.UNDECIDED)}


def test_a_set_that_lacks_a_name_fails_about_the_stack() -> None:
    content = graph_of("dev")
    classes = [item["urn"] for item in content["resources"] if item["type"].endswith(":PriorityClass")]
    (found,) = _findings(without(content, classes[0]))
    assert (found.rule, found.result, found.subject, found.urn) == ("PAR-02", Result.FAIL, "stack", "")


def test_protection_is_read_from_the_engine() -> None:
    content = graph_of("prod")
    urn = urn_of(content, ":Instance", "data-databases-instance")
    (found,) = _findings(changed(content, urn, lambda resource: resource.update(protect=False)))
    assert (found.rule, found.urn, found.path) == ("PAR-02", urn, "@protect")


def test_the_engine_finds_the_same(judge_as_engine: JudgeAsEngine) -> None:
    content = graph_of("dev")
    urn = urn_of(content, ":Cluster", "data-databases-cluster")
    weak = with_value(content, urn, "spec.instances", 1)
    rendered = [(item.rule, item.result.value, item.urn) for item in _findings(weak)]
    engine = [
        (item.rule, item.result, item.urn)
        for item in judge_as_engine(weak["resources"])
        if item.rule.startswith("PAR-")
    ]
    assert sorted(engine) == sorted(rendered) != []


@pytest.mark.parametrize("stack", STACKS)
def test_no_unknown_value_turns_a_pass_into_a_failure(stack: str) -> None:
    content = graph_of(stack)
    evaluation = evaluate(records_of(content))
    assert evaluation is not None
    places = {
        (provision.specification.name, reading.urn, reading.path)
        for provision in evaluation.provisions
        for reading in provision.readings
        if reading.path and not reading.path.startswith("@")
    }
    records = {item.urn: item for item in records_of(content).records}
    originals = {item["urn"]: item for item in content["resources"]}
    failed: list[str] = []
    for name, urn, path in sorted(places):
        hidden = with_value({**content, "resources": [originals[urn]]}, urn, path, "[secret]")["resources"][0]
        record = replace(records[urn], inputs=hidden["inputs"])
        resources = Resources(record if item.urn == urn else item for item in records.values())
        specification = next(item for item in CATALOGUE if item.name == name)
        provision = Provision(specification, tuple(specification.evidence(resources)))
        for facet in specification.facets:
            known = provision.known(facet)
            minimum = facet.required(evaluation.substrate)
            if isinstance(known, str | int) and not reaches(facet, known, minimum):
                failed.append(f"{name} {facet.name} {urn.rpartition('$')[2]} {path}")
    assert len(places) > 200
    assert failed == []
