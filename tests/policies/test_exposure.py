"""However a request could be led from outside to a model, it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from policies.findings import Result
from tests.policies.cases import UNKNOWN, judged
from tests.policies.objects import Json, http_route, resource, service
from tests.policies.stack_cases import model, served_model

RULE = "AI-01"

TO_MODEL = {"name": "qwen", "namespace": "models"}


def _named(token: str, spec: Json, space: str = "gateway") -> Json:
    return resource(token, {"metadata": {"name": "opening", "namespace": space}, "spec": spec})


def _gateway_route(kind: str, **rule: Any) -> Json:
    return _named(f"gateway.networking.k8s.io/v1:{kind}", {"rules": [rule]})


def _mirror(reference: Json) -> list[Json]:
    return [{"type": "RequestMirror", "requestMirror": {"backendRef": reference}}]


BACKEND = {"service": {"name": "qwen", "port": {"number": 8000}}}
LITELLM = {"name": "litellm"}

OPENINGS = {
    "HTTPRoute": _gateway_route("HTTPRoute", backendRefs=[TO_MODEL]),
    "GRPCRoute": _gateway_route("GRPCRoute", backendRefs=[TO_MODEL]),
    "TLSRoute": _gateway_route("TLSRoute", backendRefs=[TO_MODEL]),
    "TCPRoute": _gateway_route("TCPRoute", backendRefs=[TO_MODEL]),
    "second backend": _gateway_route("HTTPRoute", backendRefs=[LITELLM, TO_MODEL]),
    "mirrored by the rule": _gateway_route("HTTPRoute", backendRefs=[LITELLM], filters=_mirror(TO_MODEL)),
    "mirrored by the backend": _gateway_route("HTTPRoute", backendRefs=[LITELLM | {"filters": _mirror(TO_MODEL)}]),
    "patched route": _gateway_route("HTTPRoutePatch", backendRefs=[TO_MODEL]),
    "Ingress path": _named(
        "networking.k8s.io/v1:Ingress", {"rules": [{"http": {"paths": [{"path": "/", "backend": BACKEND}]}}]}, "models"
    ),
    "Ingress default": _named("networking.k8s.io/v1:Ingress", {"defaultBackend": BACKEND}, "models"),
    "IngressRoute": _named("traefik.io/v1alpha1:IngressRoute", {"routes": [{"services": [TO_MODEL]}]}),
    "NodePort": service("qwen", type="NodePort"),
    "LoadBalancer": service("qwen", type="LoadBalancer"),
    "external address": service("qwen", externalIPs=["203.0.113.9"]),
    "patched Service": resource("core/v1:ServicePatch", {"metadata": TO_MODEL, "spec": {"type": "NodePort"}}),
    "second Service for the same pods": service(
        "other", type="LoadBalancer", selector={"app.kubernetes.io/name": "qwen"}
    ),
    "Service for all models": service(
        "all", "elsewhere", type="LoadBalancer", selector={"app.kubernetes.io/component": "model"}
    ),
}


@pytest.mark.parametrize("opening", OPENINGS)
def test_every_way_from_outside_to_a_model_is_refused(opening: str) -> None:
    one = OPENINGS[opening]
    findings = judged([*served_model(), one], RULE).findings
    assert [(finding.result, finding.urn) for finding in findings] == [(Result.FAIL, one["urn"])]


def test_the_way_through_the_gateway_is_open() -> None:
    assert judged([*served_model(), service("litellm", "gateway", type="LoadBalancer")], RULE).findings == ()


def test_an_alias_of_a_models_service_is_followed() -> None:
    alias = service(
        "alias", "gateway", type="ExternalName", externalName="qwen.models.svc.cluster.local", selector=None
    )
    further = service("further", "gateway", type="ExternalName", externalName="alias.gateway.svc", selector=None)
    (finding,) = judged([*served_model(), alias, further, http_route("further", "gateway", "leak")], RULE).findings
    assert finding.subject == "gateway/HTTPRoute/leak"


def test_aliases_that_name_each_other_end() -> None:
    here = service("here", "gateway", type="ExternalName", externalName="there.gateway.svc", selector=None)
    there = service("there", "gateway", type="ExternalName", externalName="here.gateway.svc", selector=None)
    assert judged([*served_model(), here, there, http_route("here", "gateway", "loop")], RULE).findings == ()


@pytest.mark.parametrize("group", ["inference.networking.k8s.io/v1", "inference.networking.x-k8s.io/v1alpha2"])
def test_an_inference_pool_of_model_pods_is_a_model(group: str) -> None:
    labels = {"app.kubernetes.io/name": "qwen"}
    selector: Json = {"matchLabels": labels} if group.endswith("/v1") else labels
    pool = resource(f"{group}:InferencePool", {"metadata": TO_MODEL, "spec": {"selector": selector}})
    route = _gateway_route("HTTPRoute", backendRefs=[TO_MODEL | {"kind": "InferencePool"}])
    assert len(judged([*served_model(), pool, route], RULE).findings) == 1


def test_an_envoy_backend_that_names_a_models_host_is_a_model() -> None:
    endpoints = [{"fqdn": {"hostname": "qwen.models.svc.cluster.local", "port": 8000}}]
    inputs = {"metadata": {"name": "out", "namespace": "gateway"}, "spec": {"endpoints": endpoints}}
    backend = resource("gateway.envoyproxy.io/v1alpha1:Backend", inputs)
    route = _gateway_route("HTTPRoute", backendRefs=[{"kind": "Backend", "name": "out"}])
    assert len(judged([*served_model(), backend, route], RULE).findings) == 1


def test_a_backend_that_goes_wherever_a_client_says_leads_to_models() -> None:
    inputs = {"metadata": {"name": "out", "namespace": "gateway"}, "spec": {"type": "DynamicResolver"}}
    backend = resource("gateway.envoyproxy.io/v1alpha1:Backend", inputs)
    route = _gateway_route("HTTPRoute", backendRefs=[{"kind": "Backend", "name": "out"}])
    assert len(judged([*served_model(), backend, route], RULE).findings) == 1


def test_a_service_of_that_name_in_another_namespace_is_another_service() -> None:
    assert (
        judged([*served_model(), service("qwen", "gateway"), http_route("qwen", "gateway", "own")], RULE).findings == ()
    )


def test_a_route_to_an_unknown_backend_is_undecided() -> None:
    (finding,) = judged([*served_model(), http_route(UNKNOWN, "gateway", "unclear")], RULE).findings
    assert finding.result is Result.UNDECIDED


def test_an_unknown_label_in_another_namespace_leaves_nothing_undecided_here() -> None:
    elsewhere = model("elsewhere")
    elsewhere["inputs"]["metadata"]["namespace"] = "other"
    elsewhere["inputs"]["spec"]["template"]["metadata"]["labels"] = UNKNOWN
    assert judged([*served_model(), elsewhere], RULE).findings == ()
