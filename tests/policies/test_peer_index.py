"""Whoever the index of peers leaves out, no network policy lets in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.base.peer_index import PeerIndex
from components.base.reachability import Pod
from tests.policies.test_reachability import API, FROM_WEB, JOB, NODE, OUTSIDE, PODS, WEB, Json, ingress, network
from tests.policies.test_reachability_properties import policies

PORTS = ((8080, "TCP"), (53, "UDP"), (9, "TCP"))


@given(st.lists(policies(), max_size=4), st.lists(st.sampled_from([*PODS, OUTSIDE]), max_size=6), st.sampled_from(PODS))
def test_everybody_who_may_enter_is_found_in_the_order_given(
    existing: list[Json], endpoints: list[Pod | str], target: Pod
) -> None:
    cluster = network(*existing)
    found = PeerIndex(cluster, enumerate(endpoints)).may_enter(target)
    entering = [
        place
        for place, source in enumerate(endpoints)
        if any(cluster.ingress_allowed(source, target, port, protocol) for port, protocol in PORTS)
    ]
    assert set(entering) <= set(found)
    assert list(found) == sorted(set(found))


SOURCES = [("web", WEB), ("job", JOB), ("node", NODE), ("outside", OUTSIDE)]
EVERYBODY = [name for name, _ in SOURCES]
FROM_JOBS = {"podSelector": {"matchLabels": {"app": "job"}}}


@pytest.mark.parametrize(
    ("rule", "entering"),
    [
        ({"from": [FROM_WEB]}, ["web"]),
        ({"from": [FROM_JOBS]}, ["job"]),
        ({"from": [FROM_JOBS, FROM_WEB, FROM_JOBS]}, ["web", "job"]),
        ({"from": [{"podSelector": {}}]}, ["job"]),
        ({"from": [{"podSelector": {}, "namespaceSelector": {}}]}, ["web", "job"]),
        ({"from": [{"namespaceSelector": {"matchLabels": {"team": "c"}}}]}, []),
        ({"from": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]}, EVERYBODY),
        ({}, EVERYBODY),
    ],
)
def test_only_those_whom_a_rule_may_name_are_looked_at(rule: Json, entering: list[str]) -> None:
    assert list(PeerIndex(network(ingress(rule)), SOURCES).may_enter(API)) == entering


def test_a_pod_that_no_policy_protects_is_entered_by_everybody() -> None:
    assert list(PeerIndex(network(), SOURCES).may_enter(API)) == EVERYBODY
    assert list(PeerIndex(network(ingress()), SOURCES).may_enter(API)) == []
    assert list(PeerIndex(network(ingress()), SOURCES).may_enter(NODE)) == EVERYBODY
