from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from components.base import model_proxy, peers
from components.inference_gateway.arguments import GatewayModel
from components.inference_gateway.model_route_specs import LISTENER
from components.vllm_model.workloads.route import route_spec
from tests.components.gateway_program import build_gateway, gateway_model
from tests.components.surroundings import Built
from tests.crd_schemas import schema_problems


@pytest.fixture(scope="module")
def built() -> Built:
    return build_gateway(models=(weighted("qwen3-8b"), gateway_model("qwen3-32b")))


def weighted(name: str) -> GatewayModel:
    return replace(gateway_model(name), host=model_proxy.HOST, port=model_proxy.PORT, path=model_proxy.model_path(name))


def internal(built: Built, kind: str) -> dict[str, Any]:
    return built.one(kind, model_proxy.NAME)


def test_the_internal_gateway_exists_only_where_a_model_is_weighted(built: Built) -> None:
    assert len(built.result.model_gateway) == 1
    plain = build_gateway()
    assert plain.result.model_gateway == ()
    assert model_proxy.NAME not in {item["metadata"]["name"] for item in plain.objects("Gateway")}
    assert not [edge for edge in plain.edges if peers.MODEL_PROXY.address in edge]


def test_its_objects_are_what_their_definitions_allow(built: Built) -> None:
    for kind in ("EnvoyProxy", "Gateway", "ClientTrafficPolicy", "BackendTrafficPolicy"):
        assert schema_problems(internal(built, kind)) == []


def test_it_has_an_address_inside_the_cluster_only(built: Built) -> None:
    service = internal(built, "EnvoyProxy")["spec"]["provider"]["kubernetes"]["envoyService"]
    assert service == {"type": "ClusterIP", "name": "models"}
    assert model_proxy.HOST == "models.gateway.svc.cluster.local"
    parameters = internal(built, "Gateway")["spec"]["infrastructure"]["parametersRef"]
    # Without its own parameters it would get those of the class, and with them a load balancer.
    assert (parameters["kind"], parameters["name"]) == ("EnvoyProxy", internal(built, "EnvoyProxy")["metadata"]["name"])


def test_only_routes_of_the_models_namespace_attach(built: Built) -> None:
    (listener,) = internal(built, "Gateway")["spec"]["listeners"]
    assert (listener["name"], listener["protocol"], listener["port"]) == (LISTENER, "HTTP", model_proxy.PORT)
    selector = listener["allowedRoutes"]["namespaces"]["selector"]
    assert selector == {"matchLabels": {"kubernetes.io/metadata.name": "models"}}


def test_litellm_alone_reaches_the_proxies(built: Built) -> None:
    clients = {(source, port) for source, target, port in built.edges if target == peers.MODEL_PROXY.address}
    assert clients == {("gateway/litellm", model_proxy.PORT)}


def test_the_proxies_of_the_edge_are_others_than_those_before_models() -> None:
    edge, models = dict(peers.EDGE_PROXY.selector), dict(peers.MODEL_PROXY.selector)
    assert edge.keys() == models.keys()
    assert edge != models


def test_nothing_is_cut_short_or_repeated_by_the_proxies(built: Built) -> None:
    traffic = internal(built, "BackendTrafficPolicy")["spec"]
    assert traffic["retry"] == {"numRetries": 0}
    assert traffic["timeout"]["http"] == {"streamIdleTimeout": "0s"}
    assert internal(built, "ClientTrafficPolicy")["spec"]["timeout"]["http"]["streamIdleTimeout"] == "0s"
    for kind in ("BackendTrafficPolicy", "ClientTrafficPolicy"):
        assert [target["name"] for target in internal(built, kind)["spec"]["targetRefs"]] == [model_proxy.NAME]


def test_litellm_calls_a_weighted_model_where_its_route_matches(built: Built) -> None:
    config = str([item["data"] for item in built.objects("ConfigMap") if "data" in item])
    (match,) = route_spec("qwen3-8b", "qwen3-8b-canary")["rules"][0]["matches"]
    assert f"http://{model_proxy.HOST}:{model_proxy.PORT}{match['path']['value']}" in config
    assert weighted("qwen3-8b").weighted
    assert not gateway_model("qwen3-8b").weighted
