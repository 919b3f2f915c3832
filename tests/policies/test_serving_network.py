"""AI-23 and AI-41: what network policies let model servers do."""

from __future__ import annotations

import pytest

from policies.findings import Result
from tests.policies.cases import judged, put
from tests.policies.objects import Json, default_deny
from tests.policies.serving_objects import (
    among_themselves,
    model_group,
    model_server,
    own_policy,
    server_pod,
)


def group_findings(*policies: Json) -> list[Result]:
    return [finding.result for finding in judged([model_group(), *policies], "AI-23").findings]


def test_a_group_with_its_own_policy_has_no_finding() -> None:
    assert group_findings(default_deny(), among_themselves()) == []
    assert judged([model_server(), default_deny()], "AI-23").findings == ()


@pytest.mark.parametrize(
    "ports",
    [
        [{"port": 29501, "protocol": "TCP"}],
        [{"protocol": "TCP"}],
        [{"port": 8000, "protocol": "TCP"}, {"port": 29000, "endPort": 29501, "protocol": "TCP"}],
    ],
)
def test_any_way_to_open_the_rendezvous_counts(ports: list[Json]) -> None:
    policy = among_themselves()
    policy["inputs"]["spec"]["ingress"][0]["ports"] = ports
    assert group_findings(default_deny(), policy) == []


@pytest.mark.parametrize(
    "ports",
    [
        [{"port": 29501, "protocol": "UDP"}],
        [{"port": "http", "protocol": "TCP"}],
        [{"port": 29502, "endPort": 65535, "protocol": "TCP"}],
        [{"port": 1024, "endPort": 29500, "protocol": "TCP"}],
    ],
)
def test_other_ports_are_not_the_rendezvous(ports: list[Json]) -> None:
    policy = among_themselves()
    policy["inputs"]["spec"]["ingress"][0]["ports"] = ports
    assert group_findings(default_deny(), policy) == [Result.FAIL, Result.FAIL]


def test_a_policy_of_another_workload_says_nothing_about_a_group() -> None:
    wide = own_policy("other", "other", policyTypes=["Ingress"], ingress=[{}])
    assert group_findings(default_deny(), among_themselves(), wide) == []


def test_another_namespace_with_the_same_labels_is_a_stranger() -> None:
    everywhere = among_themselves(namespaceSelector={})
    assert group_findings(default_deny(), everywhere) == [Result.FAIL, Result.FAIL]


def egress_findings(*policies: Json) -> list[Result]:
    return [finding.result for finding in judged([model_server(), *policies], "AI-41").findings]


@pytest.mark.parametrize("cidr", ["10.0.0.0/7", "203.0.113.0/24", "::/0", "2001:db8::/32"])
def test_every_public_address_is_outside(cidr: str) -> None:
    rule = {"to": [{"ipBlock": {"cidr": cidr}}]}
    assert egress_findings(own_policy(policyTypes=["Egress"], egress=[rule])) == [Result.FAIL]


@pytest.mark.parametrize("cidr", ["10.1.0.0/16", "169.254.170.23/32", "fd00:ec2::23/128", "192.168.0.0/16"])
def test_pods_nodes_and_link_local_addresses_are_inside(cidr: str) -> None:
    rule = {"to": [{"ipBlock": {"cidr": cidr}}]}
    assert egress_findings(own_policy(policyTypes=["Egress"], egress=[rule])) == []


def test_selected_pods_are_inside() -> None:
    rule = {"to": [{"namespaceSelector": {}}, {"podSelector": {}}]}
    assert egress_findings(own_policy(policyTypes=["Egress"], egress=[rule])) == []


def test_a_policy_of_another_workload_opens_nothing_for_a_server() -> None:
    preload = own_policy("preload", "qwen-weights", policyTypes=["Egress"], egress=[{}])
    assert egress_findings(default_deny(), preload) == []


def test_a_server_of_the_own_object_store_does_not_need_the_internet() -> None:
    rule = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 443, "protocol": "TCP"}]}
    assert egress_findings(default_deny(), own_policy(policyTypes=["Egress"], egress=[rule])) == [Result.FAIL]


def test_a_range_of_ports_is_more_than_the_object_store_needs() -> None:
    rule = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 443, "endPort": 444, "protocol": "TCP"}]}
    server = model_server(server_pod(env=[{"name": "AWS_REGION", "value": "eu-north-1"}]))
    policy = own_policy(policyTypes=["Egress"], egress=[rule])
    assert [finding.result for finding in judged([server, policy], "AI-41").findings] == [Result.FAIL]


def test_an_unknown_policy_elsewhere_says_nothing_about_a_server() -> None:
    unknown = default_deny("elsewhere")
    put(unknown["inputs"], "spec.podSelector", "04da6b54-80e4-46f7-96ec-b56ff0331ba9")
    assert egress_findings(default_deny(), unknown) == []


def test_a_policy_that_the_api_server_refuses_bounds_nothing() -> None:
    broken = own_policy(policyTypes=["Egress"], egress=[{"to": [{}]}])
    assert egress_findings(broken) == [Result.FAIL]


def group_with_a_helper() -> Json:
    """A group whose workers serve no model, and which no policy of its own speaks about."""
    group = model_group()
    template = group["inputs"]["spec"]["leaderWorkerTemplate"]["workerTemplate"]
    template["metadata"]["labels"] = {"app.kubernetes.io/name": "helper", "app.kubernetes.io/component": "helper"}
    return group


def test_pods_beside_a_model_are_not_held_to_the_rules_of_its_servers() -> None:
    outside = own_policy("helper", policyTypes=["Egress"], egress=[{}])
    outside["inputs"]["spec"]["podSelector"] = {"matchLabels": {"app.kubernetes.io/name": "helper"}}
    policies = [default_deny(), among_themselves(), outside]
    for rule in ("AI-23", "AI-41"):
        assert judged([group_with_a_helper(), *policies], rule).findings == ()
