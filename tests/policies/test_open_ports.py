"""The evaluator of network policies against the slowest reading of the documentation that there is.

The reference below knows nothing of the evaluator: it looks at raw objects, at one port at a time, and tries every
address that a pod may have.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from components.base.port_spans import PortSpan
from components.base.reachability import Network, Pod

Json = dict[str, Any]
End = Pod | str

POD_RANGES = ("10.0.0.0/29",)
NAMESPACES = {"front": {"team": "a"}, "back": {"team": "b"}, "bare": {}}
PODS = (
    Pod(namespace="front", labels={"app": "web", "tier": "1"}, named_ports={"http": (8080, "TCP")}),
    Pod(namespace="back", labels={"app": "api"}, named_ports={"http": (8081, "TCP"), "dns": (53, "UDP")}),
    Pod(namespace="back", labels={"app": "job", "tier": "2"}),
    Pod(namespace="bare", labels={}, named_ports={"http": (53, "UDP")}),
)
ADDRESSES = ("203.0.113.7", "10.0.0.5", "169.254.169.254")
ENDS: tuple[End, ...] = (*PODS, *ADDRESSES)
PORTS = [(number, protocol) for number in (52, 53, 54, 8080, 8081, 8082) for protocol in ("TCP", "UDP", "SCTP")]

LABELS = st.sampled_from([{}, {"app": "api"}, {"app": "web"}, {"app": "job", "tier": "2"}])
EXPRESSIONS = st.lists(
    st.sampled_from(
        [
            {"key": "app", "operator": "In", "values": ["api", "web"]},
            {"key": "tier", "operator": "NotIn", "values": ["2"]},
            {"key": "tier", "operator": "Exists"},
            {"key": "app", "operator": "DoesNotExist"},
        ]
    ),
    max_size=2,
)
SELECTORS = st.builds(lambda labels, terms: {"matchLabels": labels, "matchExpressions": terms}, LABELS, EXPRESSIONS)
SPACES = st.sampled_from([{}, {"matchLabels": {"team": "a"}}, {"matchLabels": {"kubernetes.io/metadata.name": "back"}}])
BLOCKS = st.sampled_from(
    [
        {"cidr": "0.0.0.0/0"},
        {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]},
        {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/30", "10.0.0.4/30"]},
        {"cidr": "10.0.0.0/28", "except": ["10.0.0.0/30", "10.0.0.6/31"]},
        {"cidr": "10.0.0.8/29"},
        {"cidr": "10.0.0.5/32"},
        {"cidr": "::/0"},
    ]
)
PEERS = st.one_of(
    st.builds(lambda block: {"ipBlock": block}, BLOCKS),
    st.builds(lambda pods: {"podSelector": pods}, SELECTORS),
    st.builds(lambda spaces: {"namespaceSelector": spaces}, SPACES),
    st.builds(lambda spaces, pods: {"namespaceSelector": spaces, "podSelector": pods}, SPACES, SELECTORS),
)
ENTRIES = st.sampled_from(
    [
        {"port": 8080},
        {"port": 8080, "endPort": 8081, "protocol": "TCP"},
        {"port": 53, "protocol": "UDP"},
        {"port": 53, "protocol": "SCTP"},
        {"port": "http"},
        {"port": "dns", "protocol": "UDP"},
        {"port": "http", "protocol": "UDP"},
        {"protocol": "UDP"},
    ]
)


def rules(peers: str) -> st.SearchStrategy[list[Json]]:
    rule = st.fixed_dictionaries(
        {}, optional={peers: st.lists(PEERS, max_size=2), "ports": st.lists(ENTRIES, max_size=2)}
    )
    return st.lists(rule, max_size=2)


POLICIES = st.builds(
    lambda namespace, selector, optional: {
        "metadata": {"name": "p", "namespace": namespace},
        "spec": {"podSelector": selector} | optional,
    },
    st.sampled_from(sorted(NAMESPACES)),
    SELECTORS,
    st.fixed_dictionaries(
        {},
        optional={
            "ingress": rules("from"),
            "egress": rules("to"),
            "policyTypes": st.lists(st.sampled_from(["Ingress", "Egress"]), max_size=2, unique=True),
        },
    ),
)


@given(st.lists(POLICIES, max_size=3), st.sampled_from(ENDS), st.sampled_from(ENDS))
@example([], PODS[0], PODS[1])
def test_what_is_open_is_what_the_documentation_says(policies: list[Json], source: End, target: End) -> None:
    network = Network(policies, NAMESPACES, POD_RANGES)
    spans = network.open_ports(source, target)
    for port, protocol in PORTS:
        expected = reference_allows(policies, source, target, port, protocol)
        assert network.allowed(source, target, port, protocol) is expected
        assert is_in(spans, port, protocol) is expected


@given(st.lists(POLICIES, max_size=3), st.sampled_from(ENDS), st.sampled_from(ENDS))
def test_each_side_by_itself_is_too(policies: list[Json], source: End, target: End) -> None:
    network = Network(policies, NAMESPACES, POD_RANGES)
    out, into = network.egress_ports(source, target), network.ingress_ports(source, target)
    for port, protocol in PORTS:
        assert is_in(out, port, protocol) is side(policies, "Egress", source, target, target, port, protocol)
        assert is_in(into, port, protocol) is side(policies, "Ingress", target, source, target, port, protocol)


def is_in(spans: tuple[PortSpan, ...], port: int, protocol: str) -> bool:
    return any(span.protocol == protocol and span.first <= port <= span.last for span in spans)


def reference_allows(policies: list[Json], source: End, target: End, port: int, protocol: str) -> bool:
    leaves = side(policies, "Egress", source, target, target, port, protocol)
    return leaves and side(policies, "Ingress", target, source, target, port, protocol)


def side(  # noqa: PLR0917 # a connection has that many facts
    policies: list[Json], kind: str, owner: End, other: End, target: End, port: int, protocol: str
) -> bool:
    if isinstance(owner, str):
        return True
    isolating = [policy for policy in policies if isolates(policy, kind, owner)]
    if not isolating:
        return True
    rules_key, peers_key = ("ingress", "from") if kind == "Ingress" else ("egress", "to")
    for policy in isolating:
        for rule in policy["spec"].get(rules_key, []):
            peers, ports = rule.get(peers_key, []), rule.get("ports", [])
            peer_fits = peers == [] or any(is_peer(peer, policy["metadata"]["namespace"], other) for peer in peers)
            port_fits = ports == [] or any(is_port(entry, target, port, protocol) for entry in ports)
            if peer_fits and port_fits:
                return True
    return False


def isolates(policy: Json, kind: str, pod: Pod) -> bool:
    spec = policy["spec"]
    kinds = spec.get("policyTypes") or ["Ingress"] + (["Egress"] if spec.get("egress") else [])
    return policy["metadata"]["namespace"] == pod.namespace and kind in kinds and fits(spec["podSelector"], pod.labels)


def fits(selector: Json, labels: Any) -> bool:
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for term in selector.get("matchExpressions", []):
        value = labels.get(term["key"])
        holds = {
            "In": lambda value=value, term=term: value is not None and value in term["values"],
            "NotIn": lambda value=value, term=term: value is None or value not in term["values"],
            "Exists": lambda value=value: value is not None,
            "DoesNotExist": lambda value=value: value is None,
        }[term["operator"]]
        if not holds():
            return False
    return True


def is_peer(peer: Json, namespace: str, other: End) -> bool:
    if "ipBlock" in peer:
        addresses = [other] if isinstance(other, str) else [str(a) for text in POD_RANGES for a in ip_network(text)]
        return any(in_block(address, peer["ipBlock"]) for address in addresses)
    if isinstance(other, str):
        return False
    if "namespaceSelector" in peer:
        labels = {**NAMESPACES[other.namespace], "kubernetes.io/metadata.name": other.namespace}
        right_space = fits(peer["namespaceSelector"], labels)
    else:
        right_space = other.namespace == namespace
    return right_space and fits(peer.get("podSelector", {}), other.labels)


def in_block(address: str, block: Json) -> bool:
    inside = ip_address(address) in ip_network(block["cidr"])
    return inside and not any(ip_address(address) in ip_network(hole) for hole in block.get("except", []))


def is_port(entry: Json, target: End, port: int, protocol: str) -> bool:
    if entry.get("protocol", "TCP") != protocol:
        return False
    wanted = entry.get("port")
    if isinstance(wanted, str):
        return not isinstance(target, str) and target.named_ports.get(wanted) == (port, protocol)
    return wanted is None or wanted <= port <= entry.get("endPort", wanted)
