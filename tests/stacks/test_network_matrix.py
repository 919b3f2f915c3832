"""Who may open a connection to whom on the shipped stacks, by their network policies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache

import pytest

from components.base import peers
from tests.stacks.conftest import ROOT, STACKS, rendered_stack
from tests.stacks.network_mutants import Mutant, mutants
from tools.network_matrix.declared import Wires
from tools.network_matrix.golden import FILE_NAME, golden_network
from tools.network_matrix.judgement import Judgement, impostors, judge_graph
from tools.network_matrix.matrix import Sides, ends_of
from tools.network_matrix.regions import Region
from tools.network_matrix.stack_network import STRANGER, PodEnd, StackNetwork
from tools.network_matrix.wrong_edges import wrong_edges
from tools.render.golden import FOLDER

MODEL_LABELS = {"app.kubernetes.io/component": "model"}


@cache
def judged(stack: str) -> Judgement:
    return judge_graph(rendered_stack(stack).as_graph())


@pytest.fixture(params=STACKS)
def judgement(request: pytest.FixtureRequest) -> Judgement:
    return judged(request.param)


def sources(judgement: Judgement, target: str) -> set[str]:
    return {source for matrix in (judgement.named, judgement.crossing) for source, to in matrix if to == target}


def targets(judgement: Judgement, source: str) -> set[str]:
    return {to for matrix in (judgement.named, judgement.crossing) for start, to in matrix if start == source}


def models(judgement: Judgement) -> list[str]:
    found = [end.name for end in judgement.network.pods if end.pod.labels.items() >= MODEL_LABELS.items()]
    assert found
    return found


def outside(judgement: Judgement, word: str) -> list[str]:
    found = [end.name for end in judgement.ends if isinstance(end, Region) and word in end.name]
    assert found
    return found


@pytest.mark.parametrize("stack", STACKS)
def test_the_matrix_is_the_one_that_was_reviewed(stack: str) -> None:
    kept = (ROOT / FOLDER / stack / FILE_NAME).read_text("utf-8")
    assert golden_network(rendered_stack(stack)) == kept, "run make golden and review the diff"


def test_the_policies_open_what_the_wiring_declares_and_nothing_else(judgement: Judgement) -> None:
    assert judgement.mistakes == []


def test_every_declared_connection_is_open_in_both_directions_of_its_policies(judgement: Judgement) -> None:
    by_wired_name = {
        (source_name, target_name, port)
        for (source, target), ports in judgement.named.items()
        for source_name in wired(judgement, source)
        for target_name in wired(judgement, target)
        for port in ports
    }
    for edge in judgement.network.edges:
        reached = [
            span
            for source, target, span in by_wired_name
            if (source, target, span.protocol) == (edge.source, edge.target, edge.ports.protocol)
        ]
        assert any(span.first <= edge.ports.first and edge.ports.last <= span.last for span in reached), edge


def wired(judgement: Judgement, name: str) -> frozenset[str]:
    return next(end.wired for end in judgement.ends if end.name == name)


def test_every_pod_of_the_stack_is_in_the_matrix(judgement: Judgement) -> None:
    listed = {end.name.split("/")[0] for end in judgement.network.pods}
    assert listed >= set(judgement.network.namespaces)
    assert any(end.name.endswith(STRANGER) for end in judgement.network.pods)


RANGES_MEET = {
    r"default/any other pod|kube-system/(any other pod|kube-dns)": "in a namespace of others nothing holds a pod back",
    r"observability/prometheus": "it scrapes nodes by their address, and webhooks may be asked from private addresses",
}
"""Sources that get further than an edge leads them, and why no policy can prevent it."""

API_CLIENTS = "serving-operators/keda-metrics-server"
"""Serves an API of the cluster on the API server's own port. Who may ask the API server at its addresses may ask this
one too, if the pods' addresses are in the range where the API server may be; it asks everybody for a certificate."""


def test_where_ranges_meet_is_known_and_explained(judgement: Judgement) -> None:
    used: set[str] = set()
    for source, target in judgement.crossing:
        if target == API_CLIENTS or not is_ours(judgement, target):
            continue
        reasons = [pattern for pattern in RANGES_MEET if re.fullmatch(pattern, source)]
        assert reasons, f"{source} -> {target} is open without an edge"
        used.update(reasons)
    assert used == set(RANGES_MEET)


def is_ours(judgement: Judgement, target: str) -> bool:
    return target.split("/", maxsplit=1)[0] in judgement.network.namespaces


def test_only_the_gateway_and_prometheus_reach_models(judgement: Judgement) -> None:
    for model in models(judgement):
        assert sources(judgement, model) <= {"gateway/litellm", "gateway/model-proxy", "observability/prometheus"}
        assert "observability/prometheus" in sources(judgement, model)


def test_models_reach_no_other_model_and_not_the_gateway(judgement: Judgement) -> None:
    for model in models(judgement):
        assert not [name for name in targets(judgement, model) if name.startswith(("models/", "gateway/"))]


def test_nobody_reaches_the_metadata_service(judgement: Judgement) -> None:
    for service in outside(judgement, "metadata service"):
        assert sources(judgement, service) == set()


PUBLIC_OBJECT_STORE = {"prod"}
"""S3 answers on public addresses that change, so that a policy which lets models fetch weights there by address lets
them reach any public address by TLS; see docs/network_isolation.md."""


def test_models_do_not_reach_the_internet_but_for_an_object_store_on_public_addresses(judgement: Judgement) -> None:
    (internet,) = [name for name in outside(judgement, "internet") if "IPv6" not in name]
    reaching = {model for model in models(judgement) if internet in targets(judgement, model)}
    if judgement.network.stack not in PUBLIC_OBJECT_STORE:
        assert reaching == set()
        return
    assert reaching == set(models(judgement))
    for model in reaching:
        assert [str(span) for span in judgement.named[model, internet]] == ["443"]
    assert {edge.target for edge in judgement.network.edges if edge.source in reaching} == {
        "external/object-store",
        "external/credentials",
    }


def test_from_outside_only_the_edge_is_reached(judgement: Judgement) -> None:
    for internet in outside(judgement, "internet"):
        assert targets(judgement, internet) <= {peers.EDGE_PROXY.address}


def test_nobody_reaches_an_ipv6_address_or_comes_from_one(judgement: Judgement) -> None:
    """All address ranges of the wiring are of IPv4: what is not named is closed."""
    for region in outside(judgement, "IPv6"):
        assert sources(judgement, region) == set()
        assert targets(judgement, region) == set()


def test_a_pod_that_nobody_wired_reaches_the_dns_alone_and_is_reached_by_nobody(judgement: Judgement) -> None:
    for namespace in judgement.network.namespaces:
        stranger = f"{namespace}/{STRANGER}"
        assert targets(judgement, stranger) == {judgement.network.dns}
        assert sources(judgement, stranger) == set()


DATA = {
    "data/cache": {"gateway/litellm"},
    "data/vector-store": {"gateway/litellm", "gateway/answer-cache-forget", "data/vector-store"},
    "data/postgres": {
        "gateway/litellm",
        "gateway/litellm-migration",
        "identity/keycloak",
        "data/cloudnative-pg",
        "data/postgres",
    },
}


def test_data_is_reached_by_those_who_use_it_and_by_prometheus(judgement: Judgement) -> None:
    present = {end.name for end in judgement.network.pods} & DATA.keys()
    assert present >= {"data/cache", "data/vector-store"}
    for store in present:
        assert sources(judgement, store) <= DATA[store] | {"observability/prometheus"}


SAME_EITHER_WAY = {
    r".*/default-deny: no longer about Egress": "allow-dns selects every pod for egress as well",
    r"observability/allow-prometheus: egress prometheus-operator:10250 .*": "nodes:10250 may hold that pod",
    r"observability/allow-prometheus: egress .*:9120 .*": "dev: the speakers' addresses may hold that pod",
    r"observability/allow-prometheus-operator: ingress prometheus:10250 .*": "the API server's range may hold that pod",
    r"models/allow-.*-weights: egress 0\.0\.0\.0/0:443 (dropped|without ex.*)": "prod: S3 is a part of the internet",
    r"observability/allow-prometheus: egress 10\..*:443 .*": "prod: the metrics service is in the API server's range",
    r".*: egress 10\.[^:]*:443,6443 without ports\[0\]": "prod: the internet's range holds the API server on that port",
}
"""Faults that change nothing, because another rule opens or closes the same: what they are, and which rule that is."""


@pytest.mark.parametrize("stack", STACKS)
def test_every_single_fault_of_a_policy_is_found(stack: str) -> None:
    network = judged(stack).network
    survivors = [mutant.what for mutant in mutants(network.policies) if not is_found(network, mutant)]
    unexplained = [what for what in survivors if not any(re.fullmatch(known, what) for known in SAME_EITHER_WAY)]
    assert unexplained == []


def test_no_explanation_of_an_unfound_fault_is_stale() -> None:
    told = [
        mutant.what
        for stack in STACKS
        for mutant in explained(judged(stack).network)
        if not is_found(judged(stack).network, mutant)
    ]
    assert [known for known in SAME_EITHER_WAY if not any(re.fullmatch(known, what) for what in told)] == []


def explained(network: StackNetwork) -> Iterator[Mutant]:
    return (m for m in mutants(network.policies) if any(re.fullmatch(known, m.what) for known in SAME_EITHER_WAY))


def is_found(network: StackNetwork, mutant: Mutant) -> bool:
    """Whether the pods that the changed policy is about show a wrong edge; those of other policies cannot."""
    near = tuple(policy for policy in mutant.policies if policy["metadata"]["namespace"] == mutant.namespace)
    changed = replace(network, policies=near)
    touched = [end for end in network.pods if mutant.touches(end.pod)]
    assert touched, mutant.what
    return any(True for _ in wrong_edges(Sides(changed), wires(network), touched, others(changed, mutant)))


_WIRES: dict[str, Wires] = {}
_ENDS: dict[str, tuple[PodEnd | Region, ...]] = {}


def wires(network: StackNetwork) -> Wires:
    return _WIRES.setdefault(network.stack, Wires(network))


def others(changed: StackNetwork, mutant: Mutant) -> Iterable[PodEnd | Region]:
    if mutant.names_addresses:
        return (*ends_of(changed), *impostors(changed))
    if changed.stack not in _ENDS:
        _ENDS[changed.stack] = (*judged(changed.stack).ends, *impostors(changed))
    return _ENDS[changed.stack]


def test_there_are_faults_of_every_kind() -> None:
    kinds: Mapping[str, str] = {
        "deleted": r".*: deleted",
        "policy type": r".*: no longer about (Ingress|Egress)",
        "rule": r".* dropped",
        "peer": r".* without (from|to)\[\d\]",
        "port": r".* without ports\[\d\]",
        "labels": r".* without labels",
        "namespace": r".* without namespace",
        "exception": r".* without except .*",
    }
    told = [mutant.what for mutant in mutants(judged("prod").network.policies)]
    assert [kind for kind, pattern in kinds.items() if not any(re.fullmatch(pattern, what) for what in told)] == []
