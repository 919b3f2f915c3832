"""Network policies evaluated by the semantics that the Kubernetes documentation describes."""

from __future__ import annotations

from typing import Any

import pytest

from components.base.reachability import Network, Pod

Json = dict[str, Any]

WEB = Pod(namespace="front", labels={"app": "web"})
API = Pod(namespace="back", labels={"app": "api"}, named_ports={"http": (8080, "TCP"), "dns": (53, "UDP")})
JOB = Pod(namespace="back", labels={"app": "job"})
NODE = Pod(namespace="back", labels={"app": "api"}, host_network=True)
PODS = (WEB, API, JOB, NODE)
NAMESPACES = {"front": {"team": "a"}, "back": {"team": "b"}}
OUTSIDE = "203.0.113.7"

ANY = {"podSelector": {}, "namespaceSelector": {}}
FROM_WEB = {"podSelector": {"matchLabels": {"app": "web"}}, "namespaceSelector": {"matchLabels": {"team": "a"}}}


def policy(namespace: str, **spec: Any) -> Json:
    return {"metadata": {"name": "p", "namespace": namespace}, "spec": {"podSelector": {}} | spec}


def network(*policies: Json, **options: Any) -> Network:
    return Network(policies, NAMESPACES, **options)


def ingress(*rules: Json, namespace: str = "back", **spec: Any) -> Json:
    return policy(namespace, policyTypes=["Ingress"], ingress=list(rules), **spec)


def egress(*rules: Json, namespace: str = "front", **spec: Any) -> Json:
    return policy(namespace, policyTypes=["Egress"], egress=list(rules), **spec)


@pytest.mark.parametrize("source", [*PODS, OUTSIDE])
def test_without_policies_everything_is_allowed(source: Pod | str) -> None:
    assert network().allowed(source, API, 8080)


def test_a_policy_without_rules_denies_only_the_pods_it_selects() -> None:
    closed = network(ingress(podSelector={"matchLabels": {"app": "api"}}))
    assert not closed.allowed(WEB, API, 8080)
    assert closed.allowed(WEB, JOB, 8080)


def test_a_policy_does_not_reach_into_other_namespaces() -> None:
    assert network(ingress(namespace="front")).allowed(WEB, API, 8080)


def test_both_sides_have_to_agree() -> None:
    opened = ingress({"from": [FROM_WEB]})
    assert network(opened).allowed(WEB, API, 8080)
    assert not network(opened, egress()).allowed(WEB, API, 8080)
    assert network(opened, egress({"to": [{"namespaceSelector": {"matchLabels": {"team": "b"}}}]})).allowed(
        WEB, API, 8080
    )


def test_each_side_can_be_asked_alone() -> None:
    only_out = network(egress())
    assert only_out.ingress_allowed(WEB, API, 8080)
    assert not only_out.egress_allowed(WEB, API, 8080)


def test_policies_add_up() -> None:
    closed, opened = ingress(), ingress({"from": [FROM_WEB]})
    assert network(closed, opened).allowed(WEB, API, 8080)
    assert not network(closed, opened).allowed(JOB, API, 8080)


@pytest.mark.parametrize(
    ("spec", "closed_in", "closed_out"),
    [
        ({}, True, False),
        ({"ingress": [{}]}, False, False),
        ({"egress": [{}]}, True, False),
        ({"egress": []}, True, False),
        ({"egress": [{"to": [FROM_WEB]}]}, True, True),
        ({"policyTypes": ["Egress"]}, False, True),
        ({"policyTypes": ["Ingress", "Egress"]}, True, True),
        ({"policyTypes": []}, True, False),
    ],
)
def test_directions_default_as_the_api_server_fills_them_in(spec: Json, closed_in: bool, closed_out: bool) -> None:
    one = network(policy("back", **spec))
    assert one.allowed(JOB, API, 8080) is not (closed_in or closed_out)
    assert one.ingress_allowed(OUTSIDE, API, 8080) is not closed_in
    assert one.egress_allowed(API, OUTSIDE, 443) is not closed_out


@pytest.mark.parametrize(
    ("peer", "allowed"),
    [
        ({"podSelector": {}}, {"JOB"}),
        ({"podSelector": {"matchLabels": {"app": "web"}}}, set()),
        ({"namespaceSelector": {}}, {"WEB", "JOB"}),
        ({"namespaceSelector": {"matchLabels": {"team": "a"}}}, {"WEB"}),
        ({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "front"}}}, {"WEB"}),
        ({"namespaceSelector": {"matchLabels": {"team": "a"}}, "podSelector": {"matchLabels": {"app": "job"}}}, set()),
        (FROM_WEB, {"WEB"}),
        ({"ipBlock": {"cidr": "203.0.113.0/24"}}, {"OUTSIDE"}),
        ({"ipBlock": {"cidr": "203.0.113.0/24", "except": ["203.0.113.7/32"]}}, set()),
        ({"ipBlock": {"cidr": "198.51.100.0/24"}}, set()),
        ({"ipBlock": {"cidr": "2001:db8::/32"}}, set()),
    ],
)
def test_a_peer_is_who_the_documentation_says(peer: Json, allowed: set[str]) -> None:
    one = network(ingress({"from": [peer]}))
    sources = {"WEB": WEB, "JOB": JOB, "OUTSIDE": OUTSIDE}
    assert {name for name, source in sources.items() if one.allowed(source, API, 8080)} == allowed


def test_a_forged_namespace_name_label_does_not_help() -> None:
    forged = Network(
        [ingress({"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "trusted"}}}]})],
        {"front": {"kubernetes.io/metadata.name": "trusted"}},
    )
    assert not forged.allowed(WEB, API, 8080)


@pytest.mark.parametrize(
    ("block", "may"),
    [
        ({"cidr": "0.0.0.0/0"}, True),
        ({"cidr": "10.42.0.0/16"}, True),
        ({"cidr": "10.42.7.0/24"}, True),
        ({"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}, False),
        ({"cidr": "0.0.0.0/0", "except": ["10.42.0.0/17"]}, True),
        ({"cidr": "0.0.0.0/0", "except": ["10.42.0.0/17", "10.42.128.0/17"]}, False),
        ({"cidr": "192.168.0.0/16"}, False),
        ({"cidr": "::/0"}, False),
    ],
)
def test_an_address_range_that_pods_may_have_lets_pods_in(block: Json, may: bool) -> None:
    assert network(ingress({"from": [{"ipBlock": block}]}), pod_ranges=["10.42.0.0/16"]).allowed(WEB, API, 8080) is may


@pytest.mark.parametrize(
    ("ports", "open_ports"),
    [
        ([], {80, 8080, 8081, 9000}),
        ([{"port": 8080}], {8080}),
        ([{"port": 8080, "protocol": "UDP"}], set()),
        ([{"protocol": "TCP"}], {80, 8080, 8081, 9000}),
        ([{"port": 8080, "endPort": 8081}], {8080, 8081}),
        ([{"port": "http"}], {8080}),
        ([{"port": "dns", "protocol": "UDP"}], set()),
        ([{"port": "other"}], set()),
        ([{"port": 80}, {"port": 9000}], {80, 9000}),
    ],
)
def test_ports_are_numbers_names_and_ranges(ports: list[Json], open_ports: set[int]) -> None:
    one = network(ingress({"ports": ports}))
    assert {port for port in (80, 8080, 8081, 9000) if one.allowed(WEB, API, port)} == open_ports


def test_a_named_port_means_the_targets_port_on_the_way_out_too() -> None:
    one = network(egress({"ports": [{"port": "http"}]}))
    assert one.allowed(WEB, API, 8080)
    assert not one.allowed(WEB, JOB, 8080)
    assert not one.allowed(WEB, OUTSIDE, 8080)


def test_protocols_are_apart() -> None:
    one = network(ingress({"ports": [{"port": "dns", "protocol": "UDP"}]}))
    assert one.allowed(WEB, API, 53, "UDP")
    assert not one.allowed(WEB, API, 53, "TCP")


def test_a_port_may_be_asked_for_by_name() -> None:
    one = network(ingress({"ports": [{"port": 8080}]}))
    assert one.allowed(WEB, API, "http")
    assert not one.allowed(WEB, API, "dns", "UDP")
    with pytest.raises(ValueError, match="no port named 'other'"):
        one.allowed(WEB, API, "other")


def test_pods_on_the_network_of_their_node_are_neither_protected_nor_recognised() -> None:
    assert network(ingress()).allowed(WEB, NODE, 8080)
    assert network(egress(namespace="back")).egress_allowed(NODE, OUTSIDE, 443)
    assert not network(ingress({"from": [ANY]})).allowed(NODE, API, 8080)


@pytest.mark.parametrize("peer", [{}, {"podSelector": {"matchExpressions": [{"key": "a", "operator": "Near"}]}}])
def test_a_peer_that_the_api_server_refuses_is_refused(peer: Json) -> None:
    with pytest.raises(ValueError, match=r"peer|matchExpressions"):
        network(ingress({"from": [peer]}))


@pytest.mark.parametrize("port", [{"port": 1.5}, {"port": []}, {"port": 80, "endPort": "90"}])
def test_a_port_that_the_api_server_refuses_is_refused(port: Json) -> None:
    with pytest.raises(ValueError, match="network policy port"):
        network(ingress({"ports": [port]}))
