from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from components.base.handles import LoadBalancer
from components.charts import ChartSource
from components.inference_gateway import Routing, Timeouts
from components.inference_gateway.api_routes import API_PATHS, HEALTH_PATH, OTHER_CREDENTIALS
from components.inference_gateway.edge_limits import EdgeLimits
from tests.chart_files import chart_file
from tests.components.gateway_program import api_tokens, build_gateway, sign_in
from tests.components.surroundings import Built
from tests.crd_schemas import schema_problems

FOREIGN = ("resources", "config")
CUSTOM_GROUPS = ("gateway.networking.k8s.io/", "gateway.envoyproxy.io/", "cert-manager.io/")


@pytest.fixture(scope="module")
def built() -> Built:
    return build_gateway(console_sign_in=sign_in, api_tokens=api_tokens)


def custom_resources(built: Built) -> list[dict[str, Any]]:
    kinds = sorted({item.inputs["kind"] for item in built.rendered.objects})
    return [item for kind in kinds for item in built.objects(kind) if item["apiVersion"].startswith(CUSTOM_GROUPS)]


def admits(route: dict[str, Any], path: str, headers: dict[str, str] | None = None) -> bool:
    """Whether some rule of an HTTPRoute sends `path` to a backend, by Gateway API's matching and precedence."""
    best: tuple[tuple[bool, int], bool] | None = None
    for rule in route["spec"]["rules"]:
        for match in rule["matches"]:
            kind, value = match["path"]["type"], match["path"]["value"]
            exact = kind == "Exact"
            matched = path == value if exact else f"{path}/".startswith(value if value == "/" else f"{value}/")
            for header in match.get("headers", []):
                matched = matched and re.fullmatch(header["value"], (headers or {}).get(header["name"], "")) is not None
            rank = (exact, len(value))
            if matched and (best is None or rank > best[0]):
                best = (rank, bool(rule.get("backendRefs")))
    return best is not None and best[1]


def leads(built: Built, path: str, **headers: str) -> str | None:
    """The route of the API host that takes a request: the one with the most headers matched, None for no route."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    for name in ("api-keys", "api-tokens", "api-health"):
        if admits(built.one("HTTPRoute", name), path, sent):
            return name
    return None


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
            # `resources` and the controller's own configuration are not the chart's; its values show what they set.
            elif isinstance(value, dict) and isinstance(known[key], dict) and known[key] and key not in FOREIGN:
                found += unknown(value, known[key], f"{path}{key}.")
        return found

    assert unknown(chart.inputs["values"], known) == []
    assert chart.inputs["chart"] == "gateway-helm"


@pytest.mark.parametrize("path", [*API_PATHS, "/v1/models/qwen3-8b", "/v1/responses/resp_1"])
def test_the_api_host_serves_the_apis_paths_for_keys_and_for_tokens(built: Built, path: str) -> None:
    assert leads(built, path, Authorization="Bearer sk-Abc_1-2") == "api-keys"
    assert leads(built, path, Authorization="Bearer eyJh.eyJp.c2ln") == "api-tokens"
    assert leads(built, path) == "api-tokens"


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer sk-one,Bearer eyJh.eyJp.c2ln",
        "Bearer eyJh.eyJp.c2ln,Bearer sk-one",
        "Bearer  sk-one",
        "Basic sk-one",
        "sk-one",
        "Bearer sk-one ",
        "Bearer SK-one",
    ],
)
def test_what_is_not_exactly_one_key_is_checked_as_a_token(built: Built, authorization: str) -> None:
    assert leads(built, "/v1/models", Authorization=authorization) == "api-tokens"


def test_a_key_in_x_api_key_opens_the_one_path_that_is_called_so(built: Built) -> None:
    given = {"x_api_key": "sk-Abc123"}
    assert leads(built, "/v1/messages", **given) == leads(built, "/v1/messages/count_tokens", **given) == "api-keys"
    assert leads(built, "/v1/chat/completions", **given) == "api-tokens"
    assert leads(built, "/v1/messages", x_api_key="other") == "api-tokens"


def test_the_health_path_needs_no_credential_and_takes_no_other_method(built: Built) -> None:
    assert leads(built, HEALTH_PATH) == "api-health"
    [rule] = built.one("HTTPRoute", "api-health")["spec"]["rules"]
    assert [match["method"] for match in rule["matches"]] == ["GET"]


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
        "/v1/images/generations",
        "/v1/realtime",
        "/metrics",
        "/metrics/",
        "/config/yaml",
        "/ui/",
        "/health",
        "/health/readiness",
        "/health/liveliness/x",
        "/v1/load_lora_adapter",
        "/v1/unload_lora_adapter",
        "/v1/chat/load_lora_adapter",
        "/vllm/v1/chat/completions",
        "/chat/completions",
    ],
)
def test_the_api_host_serves_nothing_else(built: Built, path: str) -> None:
    assert leads(built, path) is None
    assert leads(built, path, Authorization="Bearer sk-Abc123", x_api_key="sk-Abc123") is None


def test_only_the_route_for_keys_and_the_health_path_go_without_a_token(built: Built) -> None:
    routes = {item["metadata"]["name"] for item in built.objects("HTTPRoute")}
    assert routes == {"api-keys", "api-tokens", "api-health", "console", "redirect-to-https"}
    guarded = {ref["name"] for item in built.objects("SecurityPolicy") for ref in item["spec"]["targetRefs"]}
    assert guarded == {"api-tokens", "console"}


def test_a_token_is_of_the_realm_and_for_the_api(built: Built) -> None:
    [provider] = built.one("SecurityPolicy", "api-tokens")["spec"]["jwt"]["providers"]
    assert provider["issuer"] == "https://auth.ai.example.org/realms/ai-platform"
    assert provider["audiences"] == ["ai-platform-api"]
    assert provider["remoteJWKS"]["uri"] == (
        "http://keycloak.identity.svc.cluster.local:8080/realms/ai-platform/protocol/openid-connect/certs"
    )
    assert provider["extractFrom"] == {"headers": [{"name": "Authorization", "valuePrefix": "Bearer "}]}
    assert "optional" not in built.one("SecurityPolicy", "api-tokens")["spec"]["jwt"]
    assert {("gateway/edge-proxy", "identity/keycloak", 8080), ("gateway/litellm", "identity/keycloak", 8080)} <= (
        built.edges
    )


def test_the_console_is_for_administrators_who_signed_in(built: Built) -> None:
    policy = built.one("SecurityPolicy", "console")["spec"]
    [provider] = policy["jwt"]["providers"]
    assert provider["audiences"] == [policy["oidc"]["clientID"]] == ["gateway"]
    assert provider["extractFrom"] == {"cookies": [policy["oidc"]["cookieNames"]["idToken"]]}
    assert policy["authorization"]["defaultAction"] == "Deny"
    [rule] = policy["authorization"]["rules"]
    assert rule["action"] == "Allow"
    assert rule["principal"]["jwt"]["provider"] == provider["name"]
    assert rule["principal"]["jwt"]["claims"] == [{"name": "roles", "valueType": "StringArray", "values": ["admin"]}]


def test_without_a_realm_tokens_open_nothing() -> None:
    policy = build_gateway(console_sign_in=None).one("SecurityPolicy", "api-tokens")
    assert policy["spec"]["authorization"] == {"defaultAction": "Deny"}
    assert schema_problems(policy) == []


def test_a_route_is_made_after_the_policies_on_it(built: Built) -> None:
    [route] = [
        item
        for item in built.rendered.objects
        if item.inputs["kind"] == "HTTPRoute" and item.inputs["metadata"]["name"] == "api-tokens"
    ]
    waits = " ".join(route.depends_on)
    assert "securitypolicy-api-tokens" in waits
    assert "backendtrafficpolicy-api" in waits


def removed(built: Built, route: str) -> set[str]:
    [rule] = built.one("HTTPRoute", route)["spec"]["rules"]
    [modifier] = rule["filters"]
    return set(modifier["requestHeaderModifier"]["remove"])


def test_no_client_names_itself_in_a_header(built: Built) -> None:
    early = built.one("ClientTrafficPolicy")["spec"]["headers"]["earlyRequestHeaders"]["remove"]
    assert {"x-forwarded-user", "x-webauth-user", "x-litellm-team-id", "x-auth-request-email"} <= set(early)
    assert "authorization" not in {name.lower() for name in early}
    for route in ("api-keys", "api-tokens", "api-health"):
        assert set(OTHER_CREDENTIALS) <= removed(built, route)
    assert "x-api-key" not in removed(built, "api-keys")
    assert "x-api-key" in removed(built, "api-tokens")


def test_requests_are_counted_by_address_and_in_total_for_all_proxies_and_routes() -> None:
    limits = EdgeLimits(requests_per_minute_per_address=90, requests_per_second=7)
    policy = build_gateway(edge_limits=limits).one("BackendTrafficPolicy", "api")["spec"]
    assert [ref["name"] for ref in policy["targetRefs"]] == ["api-keys", "api-tokens", "api-health"]
    by_address, in_total = policy["rateLimit"]["global"]["rules"]
    assert by_address["clientSelectors"] == [{"sourceCIDR": {"type": "Distinct", "value": "0.0.0.0/0"}}]
    assert by_address["limit"] == {"requests": 90, "unit": "Minute"}
    assert in_total["limit"] == {"requests": 7, "unit": "Second"}
    assert "clientSelectors" not in in_total
    assert by_address["shared"] is in_total["shared"] is True
    # Without the service that counts for all of them, each proxy still counts addresses.
    [local] = policy["rateLimit"]["local"]["rules"]
    assert local == {key: value for key, value in by_address.items() if key != "shared"}


def test_requests_are_counted_before_tokens_are_checked(built: Built) -> None:
    order = built.one("EnvoyProxy")["spec"]["filterOrder"]
    assert order == [
        {"name": "envoy.filters.http.local_ratelimit", "before": "envoy.filters.http.jwt_authn"},
        {"name": "envoy.filters.http.ratelimit", "after": "envoy.filters.http.local_ratelimit"},
    ]


def test_the_rate_limit_service_reads_its_password_from_a_secret(built: Built) -> None:
    [chart] = built.rendered.charts
    config = chart.inputs["values"]["config"]["envoyGateway"]
    assert config["rateLimit"]["backend"] == {
        "type": "Redis",
        "redis": {"url": "counters.gateway.svc.cluster.local:6379"},
    }
    deployment = config["provider"]["kubernetes"]["rateLimitDeployment"]
    [variable] = deployment["container"]["env"]
    reference = variable["valueFrom"]["secretKeyRef"]
    assert variable["name"] == "REDIS_AUTH"
    secret = built.one("Secret", reference["name"])
    assert reference["key"] in secret["stringData"]
    assert deployment["replicas"] == 2
    assert {
        ("gateway/edge-proxy", "gateway/envoy-ratelimit", 8081),
        ("gateway/envoy-ratelimit", "gateway/envoy-gateway", 18001),
        ("gateway/envoy-ratelimit", "gateway/counters", 6379),
    } <= built.edges
    assert built.one("Certificate", "envoy-rate-limit")["spec"]["secretName"] == "envoy-rate-limit"


def test_the_edge_takes_no_larger_slower_or_more_than_it_is_told() -> None:
    limits = EdgeLimits(max_request_mib=25, upload_seconds=77, connections=500)
    built = build_gateway(edge_limits=limits)
    assert built.one("BackendTrafficPolicy", "api")["spec"]["requestBuffer"] == {"limit": "25Mi"}
    client = built.one("ClientTrafficPolicy")["spec"]
    assert client["timeout"]["http"] == {"requestHeadersReceivedTimeout": "30s", "requestReceivedTimeout": "77s"}
    assert client["connection"]["connectionLimit"]["value"] == 500


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
    policy = built.one("BackendTrafficPolicy", "api")["spec"]["timeout"]["http"]
    for route in ("api-keys", "api-tokens"):
        [rule] = built.one("HTTPRoute", route)["spec"]["rules"]
        assert rule["timeouts"]["request"] == policy["requestTimeout"] == "1210s"
    # One fallback: twice the time of an answer that is not streamed may pass in silence.
    assert policy["streamIdleTimeout"] == "1210s"


def seconds(text: str) -> int:
    assert text.endswith("s")
    return int(text[:-1])


@pytest.mark.parametrize(("request_seconds", "stream_seconds"), [(600, 1200), (30, 30), (60, 3600)])
def test_the_inner_layer_always_gives_up_first(request_seconds: int, stream_seconds: int) -> None:
    routing = Routing(
        timeouts=Timeouts(request=request_seconds, stream=stream_seconds),
        max_parallel_requests_per_key=64,
        refuse_without_counters=True,
        cache=None,
        fallbacks={"qwen3-8b": ("qwen3-32b",)},
    )
    built = build_gateway(routing=routing)
    [config] = [item["data"]["config.yaml"] for item in built.objects("ConfigMap") if "config.yaml" in item["data"]]
    litellm = yaml.safe_load(config)["router_settings"]
    edge = built.one("BackendTrafficPolicy", "api")["spec"]["timeout"]["http"]
    pod = built.one("Deployment", "litellm")["spec"]["template"]["spec"]
    [container] = [item for item in pod["containers"] if item["name"] == "litellm"]
    proxies = built.one("EnvoyProxy")["spec"]["shutdown"]
    assert litellm["timeout"] == litellm["stream_timeout"] == request_seconds
    assert seconds(edge["requestTimeout"]) > max(stream_seconds, 2 * litellm["timeout"])
    assert seconds(edge["streamIdleTimeout"]) > 2 * litellm["stream_timeout"]
    # Who stops finishes what it has begun, and nobody is killed before.
    removal = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert seconds(proxies["drainTimeout"]) >= stream_seconds
    assert pod["terminationGracePeriodSeconds"] > removal + stream_seconds
    assert seconds(proxies["minDrainDuration"]) >= removal


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
    assert {"envoy-gateway", "envoy", "envoy-rate-limit", "envoy-gateway-ca"} <= secrets
    controller = built.one("Certificate", "envoy-gateway-ca")["spec"]
    assert controller["isCA"] is True
    for name in ("envoy-gateway", "envoy", "envoy-rate-limit"):
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
