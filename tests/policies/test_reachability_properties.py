"""What holds for any set of network policies."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from components.base.reachability import Pod
from tests.policies.test_reachability import OUTSIDE, PODS, Json, network, policy

SELECTORS = st.sampled_from(
    [{}, {"matchLabels": {"app": "api"}}, {"matchLabels": {"app": "web"}}, {"matchLabels": {"app": "none"}}]
)
SPACES = st.sampled_from([None, {}, {"matchLabels": {"team": "a"}}, {"matchLabels": {"team": "b"}}])
BLOCKS = st.sampled_from(["0.0.0.0/0", "203.0.113.0/24", "10.0.0.0/8"])


@st.composite
def peers(draw: st.DrawFn) -> Json:
    if draw(st.booleans()):
        return {"ipBlock": {"cidr": draw(BLOCKS)}}
    spaces = draw(SPACES)
    return {"podSelector": draw(SELECTORS)} | ({} if spaces is None else {"namespaceSelector": spaces})


PORTS = st.lists(st.sampled_from([{"port": 8080}, {"port": "http"}, {"port": 53, "protocol": "UDP"}]), max_size=2)


@st.composite
def policies(draw: st.DrawFn) -> Json:
    rules = st.lists(st.builds(lambda who, ports: (who, ports), st.lists(peers(), max_size=2), PORTS), max_size=2)
    types = draw(st.lists(st.sampled_from(["Ingress", "Egress"]), min_size=1, max_size=2, unique=True))
    return policy(
        draw(st.sampled_from(["front", "back"])),
        podSelector=draw(SELECTORS),
        policyTypes=types,
        ingress=[{"from": who, "ports": ports} for who, ports in draw(rules)],
        egress=[{"to": who, "ports": ports} for who, ports in draw(rules)],
    )


CONNECTIONS = st.tuples(
    st.sampled_from([*PODS, OUTSIDE]), st.sampled_from(PODS), st.sampled_from([(8080, "TCP"), (53, "UDP"), (9, "TCP")])
)


@given(st.lists(policies(), max_size=4), policies(), CONNECTIONS)
def test_a_further_policy_takes_nothing_from_pods_that_are_already_isolated(
    existing: list[Json], further: Json, connection: tuple[Pod | str, Pod, tuple[int, str]]
) -> None:
    source, target, (port, protocol) = connection
    before, after = network(*existing), network(*existing, further)
    isolated = before.isolated(target, "ingress") and (isinstance(source, str) or before.isolated(source, "egress"))
    if isolated and before.allowed(source, target, port, protocol):
        assert after.allowed(source, target, port, protocol)


@given(st.lists(policies(), max_size=4), policies(), CONNECTIONS)
def test_a_policy_without_rules_never_opens_anything(
    existing: list[Json], further: Json, connection: tuple[Pod | str, Pod, tuple[int, str]]
) -> None:
    source, target, (port, protocol) = connection
    closing = {"metadata": further["metadata"], "spec": further["spec"] | {"ingress": [], "egress": []}}
    if network(*existing, closing).allowed(source, target, port, protocol):
        assert network(*existing).allowed(source, target, port, protocol)


@given(st.lists(policies(), max_size=4), st.randoms(), CONNECTIONS)
def test_the_order_of_policies_does_not_matter(
    existing: list[Json], random: Any, connection: tuple[Pod | str, Pod, tuple[int, str]]
) -> None:
    source, target, (port, protocol) = connection
    shuffled = random.sample(existing, len(existing))
    assert network(*existing).allowed(source, target, port, protocol) is network(*shuffled).allowed(
        source, target, port, protocol
    )


@given(st.lists(policies(), max_size=4), CONNECTIONS)
def test_a_connection_is_allowed_exactly_when_both_sides_allow_it(
    existing: list[Json], connection: tuple[Pod | str, Pod, tuple[int, str]]
) -> None:
    source, target, (port, protocol) = connection
    one = network(*existing)
    sides = one.egress_allowed(source, target, port, protocol) and one.ingress_allowed(source, target, port, protocol)
    assert one.allowed(source, target, port, protocol) is sides
