from __future__ import annotations

from typing import Any

import pytest
import yaml

from components.base.handles import LoadBalancer
from components.charts import ChartSource
from components.inference_gateway.routes import API_PATHS
from tests.chart_files import chart_file
from tests.components.gateway_program import build_gateway, sign_in
from tests.components.surroundings import Built
from tests.crd_schemas import schema_problems

CUSTOM_GROUPS = ("gateway.networking.k8s.io/", "gateway.envoyproxy.io/", "cert-manager.io/")


@pytest.fixture(scope="module")
def built() -> Built:
    return build_gateway(console_sign_in=sign_in)


def custom_resources(built: Built) -> list[dict[str, Any]]:
    kinds = sorted({item.inputs["kind"] for item in built.rendered.objects})
    return [item for kind in kinds for item in built.objects(kind) if item["apiVersion"].startswith(CUSTOM_GROUPS)]


def admits(route: dict[str, Any], path: str) -> bool:
    """Whether some rule of an HTTPRoute sends `path` to a backend, by Gateway API's matching and precedence."""
    best: tuple[tuple[bool, int], bool] | None = None
    for rule in route["spec"]["rules"]:
        for match in rule["matches"]:
            kind, value = match["path"]["type"], match["path"]["value"]
            exact = kind == "Exact"
            matched = path == value if exact else f"{path}/".startswith(value if value == "/" else f"{value}/")
            rank = (exact, len(value))
            if matched and (best is None or rank > best[0]):
                best = (rank, bool(rule.get("backendRefs")))
    return best is not None and best[1]


def test_every_custom_resource_is_what_its_definition_allows(built: Built) -> None:
    found = custom_resources(built)
    assert len(found) >= 14
    problems = {item["metadata"]["name"]: schema_problems(item) for item in found}
    assert {name: lines for name, lines in problems.items() if lines} == {}


def test_chart_values_use_keys_that_the_chart_has(built: Built) -> None:
    known = yaml.safe_load(chart_file("gateway-helm").read_text())
    [chart] = built.rendered.charts

    def unknown(values: dict[str, Any], known: dict[str, Any], path: str = "") -> list[str]:
        found = []
        for key, value in values.items():
            if key not in known:
                found.append(f"{path}{key}")
            # `resources` is Kubernetes' own shape; the chart's values show only what they set.
            elif isinstance(value, dict) and isinstance(known[key], dict) and known[key] and key != "resources":
                found += unknown(value, known[key], f"{path}{key}.")
        return found

    assert unknown(chart.inputs["values"], known) == []
    assert chart.inputs["chart"] == "gateway-helm"


@pytest.mark.parametrize("path", [*API_PATHS, "/v1/models/qwen3-8b", "/v1/responses/resp_1", "/health/liveliness"])
def test_the_api_host_serves_the_apis_paths(built: Built, path: str) -> None:
    assert admits(built.one("HTTPRoute", "api"), path)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/key/generate",
        "/user/new",
        "/team/new",
        "/model/new",
        "/v1/model/info",
        "/v1/mcp/server",
        "/v1/modelsx",
        "/metrics",
        "/metrics/",
        "/config/yaml",
        "/ui/",
        "/health",
        "/health/readiness",
        "/health/liveliness/x",
        "/v1/load_lora_adapter",
        "/vllm/v1/chat/completions",
    ],
)
def test_the_api_host_serves_nothing_else(built: Built, path: str) -> None:
    assert not admits(built.one("HTTPRoute", "api"), path)


def test_the_console_host_serves_the_console_but_no_metrics(built: Built) -> None:
    console = built.one("HTTPRoute", "console")
    assert console["spec"]["hostnames"] == ["console.ai.example.org"]
    assert admits(console, "/ui/")
    assert admits(console, "/key/generate")
    assert not admits(console, "/metrics")
    assert not admits(console, "/metrics/")
    assert not admits(console, "/config/yaml")


def test_plain_http_only_redirects(built: Built) -> None:
    route = built.one("HTTPRoute", "redirect-to-https")["spec"]
    assert [parent["sectionName"] for parent in route["parentRefs"]] == ["http"]
    [rule] = route["rules"]
    assert "backendRefs" not in rule
    assert rule["filters"] == [
        {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}},
    ]
    others = [item for item in built.objects("HTTPRoute") if item["metadata"]["name"] != "redirect-to-https"]
    assert {parent["sectionName"] for item in others for parent in item["spec"]["parentRefs"]} == {"https"}


def test_the_gateway_listens_for_names_of_the_domain_with_the_certificate_that_covers_them(built: Built) -> None:
    gateway = built.one("Gateway", "edge")["spec"]
    https = next(listener for listener in gateway["listeners"] if listener["name"] == "https")
    certificate = built.one("Certificate", "edge")["spec"]
    assert https["hostname"] == "*.ai.example.org"
    assert https["tls"]["certificateRefs"] == [{"kind": "Secret", "name": certificate["secretName"]}]
    assert certificate["issuerRef"]["name"] == "platform"
    hosts = {host for route in built.objects("HTTPRoute") for host in route["spec"].get("hostnames", [])}
    assert hosts
    assert hosts <= set(certificate["dnsNames"])
    assert {"auth.ai.example.org", "grafana.ai.example.org"} <= set(certificate["dnsNames"])


def test_only_namespaces_with_a_public_name_may_attach_routes(built: Built) -> None:
    listeners = {
        item["name"]: item["allowedRoutes"]["namespaces"] for item in built.one("Gateway")["spec"]["listeners"]
    }
    assert listeners["http"] == {"from": "Same"}
    [expression] = listeners["https"]["selector"]["matchExpressions"]
    assert expression["key"] == "kubernetes.io/metadata.name"
    assert expression["values"] == ["gateway", "identity", "observability"]


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_the_edge_refuses_older_tls(version: str) -> None:
    policy = build_gateway(minimum_tls_version=version).one("ClientTrafficPolicy")["spec"]
    assert policy["tls"]["minVersion"] == version
    assert policy["targetRefs"] == [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "edge"}]


def test_the_edge_waits_for_a_stream_and_for_every_fallback(built: Built) -> None:
    [rule] = built.one("HTTPRoute", "api")["spec"]["rules"]
    policy = built.one("BackendTrafficPolicy")["spec"]
    assert rule["timeouts"]["request"] == policy["timeout"]["http"]["requestTimeout"] == "1210s"


def test_the_proxies_service_carries_what_the_load_balancer_needs() -> None:
    balancer = LoadBalancer(
        address_kind="hostname", annotations={"example.org/scheme": "internal"}, load_balancer_class="example.org/lb"
    )
    service = build_gateway({"load_balancer": balancer}).one("EnvoyProxy")["spec"]["provider"]["kubernetes"][
        "envoyService"
    ]
    assert service == {
        "type": "LoadBalancer",
        "annotations": {"example.org/scheme": "internal"},
        "loadBalancerClass": "example.org/lb",
    }


def test_the_controllers_certificates_are_made_by_this_component(built: Built) -> None:
    secrets = {item["spec"]["secretName"] for item in built.objects("Certificate")}
    assert {"envoy-gateway", "envoy", "envoy-gateway-ca"} <= secrets
    controller = built.one("Certificate", "envoy-gateway-ca")["spec"]
    assert controller["isCA"] is True
    for name in ("envoy-gateway", "envoy"):
        [found] = [item for item in built.objects("Certificate") if item["metadata"]["name"] == name]
        assert found["spec"]["issuerRef"] == {"group": "cert-manager.io", "kind": "Issuer", "name": "envoy-gateway-ca"}


def test_resources_of_the_charts_kinds_wait_for_the_chart() -> None:
    built = build_gateway(charts=ChartSource(location="upstream"))
    waiting = [
        item
        for item in built.rendered.objects
        if item.inputs["apiVersion"].startswith(("gateway.networking.k8s.io/", "gateway.envoyproxy.io/"))
    ]
    assert waiting
    gateway = "::gateway-edge-gateway"
    for item in waiting:
        assert any("helm.sh/v4:Chart::" in urn or urn.endswith(gateway) for urn in item.depends_on), item.urn
    [gateway_itself] = [item for item in waiting if item.urn.endswith(gateway)]
    assert any("helm.sh/v4:Chart::" in urn for urn in gateway_itself.depends_on)
