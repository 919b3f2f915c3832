from __future__ import annotations

import pytest

from components.base import peers
from components.base.namespaces import NAMESPACES
from components.base.reachability import Network, Pod
from components.base.wiring import External, Wiring, Workload
from components.network_isolation import NetworkIsolation, NetworkIsolationArgs
from tests.components.surroundings import Built, Surroundings, build

GATEWAY = Workload.of("gateway", "litellm", "gateway")
MODEL = Workload.of("models", "qwen3-8b", "model")
OTHER = Workload.of("data", "qdrant", "vector-store")
LDAP = External(name="ldap", cidrs=("10.9.0.0/24", "10.9.1.0/24"), excluded=("10.9.1.7/32",))


def isolate(s: Surroundings) -> NetworkIsolation:
    s.platform.wiring.allow(GATEWAY, MODEL, 8000)
    s.platform.wiring.allow(peers.PROMETHEUS, MODEL, 8000)
    s.platform.wiring.allow(GATEWAY, OTHER, 6333, 6334)
    s.platform.wiring.allow(OTHER, LDAP, 636)
    return NetworkIsolation("isolation", NetworkIsolationArgs(platform=s.platform, namespaces=NAMESPACES), s.opts)


@pytest.fixture(scope="module")
def built() -> Built:
    return build(isolate)


@pytest.fixture(scope="module")
def network(built: Built) -> Network:
    return Network(built.objects("NetworkPolicy"), {})


def pod(workload: Workload) -> Pod:
    return Pod(namespace=workload.namespace, labels=dict(workload.selector))


def test_every_namespace_denies_by_default_in_both_directions(built: Built) -> None:
    denies = {
        item["metadata"]["namespace"]: item
        for item in built.objects("NetworkPolicy")
        if item["metadata"]["name"] == "default-deny"
    }
    assert set(denies) == {namespace.name for namespace in NAMESPACES}
    for item in denies.values():
        assert item["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_a_declared_edge_is_open_on_its_port_alone(network: Network) -> None:
    assert network.allowed(pod(GATEWAY), pod(MODEL), 8000)
    assert not network.allowed(pod(GATEWAY), pod(MODEL), 22)
    assert not network.allowed(pod(MODEL), pod(GATEWAY), 8000)


def test_what_nobody_declared_is_closed(network: Network) -> None:
    assert not network.allowed(pod(OTHER), pod(MODEL), 8000)
    assert not network.allowed("203.0.113.9", pod(MODEL), 8000)
    assert not network.allowed(pod(MODEL), "203.0.113.9", 443)


def test_a_pod_of_the_same_name_in_another_namespace_is_no_gateway(network: Network) -> None:
    forged = Pod(namespace="data", labels=dict(GATEWAY.selector))
    assert not network.allowed(forged, pod(MODEL), 8000)


def test_every_pod_may_ask_the_clusters_dns_and_no_other(network: Network) -> None:
    for workload in (GATEWAY, MODEL, OTHER):
        assert network.egress_allowed(pod(workload), pod(peers.CLUSTER_DNS), 53, "UDP")
        assert not network.allowed(pod(workload), "8.8.8.8", 53, "UDP")


def test_all_ranges_of_an_external_peer_are_open_but_the_excluded_ones(network: Network) -> None:
    assert network.allowed(pod(OTHER), "10.9.0.5", 636)
    assert network.allowed(pod(OTHER), "10.9.1.5", 636)
    assert not network.allowed(pod(OTHER), "10.9.1.7", 636)


def test_the_graph_shows_every_edge(built: Built) -> None:
    assert {"from": "gateway/litellm", "to": "models/qwen3-8b", "port": 8000} in built.rendered.wiring
    assert len(built.rendered.wiring) == 5


def test_an_edge_between_two_outside_addresses_is_refused() -> None:
    with pytest.raises(ValueError, match="no pod at either end"):
        Wiring().allow(LDAP, peers.INTERNET, 443)


def test_an_edge_without_port_is_refused() -> None:
    with pytest.raises(ValueError, match="names no port"):
        Wiring().allow(GATEWAY, MODEL)


def test_a_declared_range_is_open_from_its_first_port_to_its_last() -> None:
    def program(s: Surroundings) -> None:
        s.platform.wiring.allow_range(GATEWAY, OTHER, 10_000, 10_010)
        NetworkIsolation("isolation", NetworkIsolationArgs(platform=s.platform, namespaces=NAMESPACES), s.opts)

    inside = Network(build(program).objects("NetworkPolicy"), {})
    reached = [port for port in range(9_998, 10_013) if inside.allowed(pod(GATEWAY), pod(OTHER), port)]
    assert reached == list(range(10_000, 10_011))
