from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pulumi
import pytest
import yaml

from components.base.handles import MetricsSink
from components.base.operator_objects import OPERATOR_OBJECTS
from components.base.wiring import External
from components.charts import ChartSource
from components.observability_stack.alerting import alertmanager_configuration
from tests.components.observability import CLIENT_SECRET, SCRAPED, WEBHOOK, build_stack, sign_on
from tests.components.surroundings import Built
from tests.crd_schemas import schema_problems
from tools.render import wire

CUSTOM = ("PodMonitor", "PrometheusRule", "HTTPRoute")


@pytest.fixture(scope="module")
def built() -> Built:
    return build_stack()


@pytest.fixture(scope="module")
def connected() -> Built:
    """With a webhook for alerts and a second home for metrics."""
    return build_stack(
        changes=lambda: {"alert_webhook_url": pulumi.Output.secret(WEBHOOK)},
        metrics_sink=MetricsSink(remote_write_url="https://metrics.example.org/write", sigv4_region="eu-central-1"),
        credentials=External(name="credentials", cidrs=("169.254.170.23/32",)),
    )


def chart_values(built: Built) -> dict[str, Any]:
    (chart,) = [resource for resource in built.rendered.resources if resource.type == "ai-platform:charts:PinnedChart"]
    return chart.inputs["values"]


def test_it_makes_exactly_these_kinds(built: Built) -> None:
    assert built.kinds == {"Secret", "ConfigMap", "Role", *CUSTOM}


def test_custom_resources_fit_their_definitions(built: Built) -> None:
    found = [item for kind in CUSTOM for item in built.objects(kind)]
    assert len(found) == len(SCRAPED) + 2
    for item in found:
        assert schema_problems(item) == [], item["metadata"]["name"]


def test_everything_that_prometheus_may_reach_has_a_monitor_beside_its_pods(built: Built) -> None:
    homes = {item["metadata"]["name"]: item["metadata"]["namespace"] for item in built.objects("PodMonitor")}
    assert homes == {
        "model": "models",
        "gateway": "gateway",
        "identity": "identity",
        "gpu": "gpu-operator",
        "postgres": "data",
        "vector-store": "data",
        "object-store": "data",
        "certificates": "security",
    }
    for item in built.objects("PodMonitor"):
        assert item["spec"]["namespaceSelector"]["matchNames"] == [item["metadata"]["namespace"]]


def test_what_a_stack_lacks_is_neither_scraped_nor_alerted_on() -> None:
    built = build_stack(scraped=SCRAPED[:2])
    assert {item["metadata"]["name"] for item in built.objects("PodMonitor")} == {"model", "gateway"}
    groups = {group["name"] for group in built.one("PrometheusRule")["spec"]["groups"]}
    assert groups == {"gateway", "models", "volumes"}


def test_a_full_stack_has_every_group_of_rules(built: Built) -> None:
    groups = {group["name"] for group in built.one("PrometheusRule")["spec"]["groups"]}
    assert groups == {
        *("gateway", "models", "gpus", "identity", "postgres"),
        *("vector-store", "object-store", "certificates", "volumes"),
    }


def endpoint(built: Built, monitor: str) -> dict[str, Any]:
    (item,) = [item for item in built.objects("PodMonitor") if item["metadata"]["name"] == monitor]
    return item["spec"]["podMetricsEndpoints"][0]


def test_monitors_name_the_ports_and_paths_of_what_they_scrape(built: Built) -> None:
    assert (endpoint(built, "model")["port"], endpoint(built, "model")["path"]) == ("http", "/metrics")
    assert (endpoint(built, "gateway")["port"], endpoint(built, "gateway")["path"]) == ("http", "/metrics/")
    assert endpoint(built, "identity")["port"] == "management"
    assert endpoint(built, "postgres")["port"] == "metrics"


def test_series_carry_the_job_that_the_rules_ask_for(built: Built) -> None:
    for item in built.objects("PodMonitor"):
        name = item["metadata"]["name"]
        assert {"targetLabel": "job", "replacement": name} in endpoint(built, name)["relabelings"]


def test_a_model_that_still_loads_is_no_failed_target(built: Built) -> None:
    keep = {"action": "keep", "sourceLabels": ["__meta_kubernetes_pod_ready"], "regex": "true"}
    assert keep in endpoint(built, "model")["relabelings"]
    assert keep not in endpoint(built, "gateway")["relabelings"]


def test_exporters_may_say_whose_gpu_and_certificate_they_mean(built: Built) -> None:
    honoring = {
        item["metadata"]["name"]
        for item in built.objects("PodMonitor")
        if item["spec"]["podMetricsEndpoints"][0].get("honorLabels")
    }
    assert honoring == {"gpu", "certificates"}


def test_the_vector_store_is_asked_with_its_key(built: Built) -> None:
    authorization = endpoint(built, "vector-store")["authorization"]
    assert authorization == {
        "type": "Bearer",
        "credentials": {"name": "qdrant-api-key-0a1b2c3d", "key": "read-only"},
    }


def test_ports_of_what_operators_make_are_in_the_table(built: Built) -> None:
    ports = {(made.namespace, made.kind, made.name): made.ports for made in OPERATOR_OBJECTS}
    assert endpoint(built, "gpu")["port"] in ports["gpu-operator", "DaemonSet", "nvidia-dcgm-exporter"]
    assert endpoint(built, "certificates")["port"] in ports["security", "Deployment", "cert-manager"]
    (backend,) = built.one("HTTPRoute")["spec"]["rules"][0]["backendRefs"]
    assert backend["port"] in ports["observability", "Service", backend["name"]].values()


def test_grafana_is_reached_under_its_own_name_through_the_edge(built: Built) -> None:
    route = built.one("HTTPRoute")
    assert route["metadata"]["namespace"] == "observability"
    assert route["spec"]["hostnames"] == ["grafana.ai.example.org"]
    assert route["spec"]["parentRefs"] == [{"name": "edge", "namespace": "gateway", "sectionName": "https"}]
    assert built.result.grafana_url == "https://grafana.ai.example.org"


def test_the_dashboard_is_found_by_grafanas_sidecar(built: Built) -> None:
    item = built.one("ConfigMap")
    values = chart_values(built)["grafana"]["sidecar"]["dashboards"]
    assert item["metadata"]["labels"][values["label"]] == values["labelValue"]
    assert item["metadata"]["namespace"] == values["searchNamespace"]
    assert json.loads(item["data"]["ai-platform.json"])["title"] == "AI platform"


def test_grafana_may_read_configuration_and_no_secrets(built: Built) -> None:
    role = built.one("Role")
    assert role["metadata"]["name"] == chart_values(built)["grafana"]["rbac"]["useExistingRole"]
    assert role["rules"] == [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}]


def test_the_chart_finds_the_secrets_it_names(built: Built) -> None:
    keys = {item["metadata"]["name"]: set(item["stringData"]) for item in built.objects("Secret")}
    values = chart_values(built)
    admin = values["grafana"]["admin"]
    oauth = values["grafana"]["envValueFrom"]["GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET"]["secretKeyRef"]
    assert keys == {
        admin["existingSecret"]: {admin["userKey"], admin["passwordKey"]},
        oauth["name"]: {oauth["key"]},
        values["alertmanager"]["alertmanagerSpec"]["configSecret"]: {"alertmanager.yaml"},
    }


def test_no_secret_is_in_clear_anywhere(connected: Built) -> None:
    text = json.dumps([wire.redacted(resource.inputs) for resource in connected.rendered.resources])
    assert "grafana" in text
    assert CLIENT_SECRET not in text
    assert WEBHOOK not in text


def test_order_is_secrets_then_chart_then_what_needs_its_kinds() -> None:
    built = build_stack(changes=lambda: {"charts": ChartSource()})
    resources = {resource.name: resource for resource in built.rendered.resources}
    charts = {
        resource.type: resource
        for resource in built.rendered.resources
        if resource.name == "observability-kube-prometheus-stack"
    }
    before = charts["ai-platform:charts:PinnedChart"].depends_on
    assert {urn.rsplit("::", 1)[1] for urn in before} == {
        "observability-grafana-admin",
        "observability-grafana-oauth",
        "observability-alertmanager-configuration",
    }
    for name in ("observability-rules", "observability-model-monitor"):
        assert charts["kubernetes:helm.sh/v4:Chart"].urn in resources[name].depends_on


def test_the_capabilities_are_provided(built: Built) -> None:
    text = " ".join(
        item["metadata"].get("annotations", {}).get("ai-platform/capabilities", "")
        for kind in built.kinds
        for item in built.objects(kind)
    )
    assert set(text.split()) == {"metrics", "dashboards", "alerts"}


def test_edges_of_its_own_pods_are_declared(built: Built) -> None:
    expected = {
        ("observability/prometheus", "external/kubernetes-api", 443),
        ("observability/prometheus", "external/nodes", 9100),
        ("observability/prometheus", "external/nodes", 10250),
        ("observability/prometheus", "observability/kube-state-metrics", 8080),
        ("observability/prometheus", "observability/alertmanager", 9093),
        ("observability/grafana", "observability/prometheus", 9090),
        ("observability/grafana", "identity/keycloak", 8080),
        ("observability/grafana", "external/kubernetes-api", 443),
        ("observability/prometheus-operator", "external/kubernetes-api", 443),
        ("external/kubernetes-api", "observability/prometheus-operator", 10250),
        ("observability/kube-state-metrics", "external/kubernetes-api", 443),
        ("gateway/edge-proxy", "observability/grafana", 3000),
    }
    assert expected <= built.edges


def test_nothing_leaves_the_cluster_unless_a_webhook_or_a_sink_is_set(built: Built, connected: Built) -> None:
    assert not [edge for edge in built.edges if edge[1] == "external/internet"]
    assert {edge for edge in connected.edges if edge[1] == "external/internet"} == {
        ("observability/alertmanager", "external/internet", 443),
        ("observability/prometheus", "external/internet", 443),
    }


def test_prometheus_may_fetch_credentials_for_a_sink_that_asks_for_them(built: Built, connected: Built) -> None:
    edge = ("observability/prometheus", "external/credentials", 80)
    assert edge in connected.edges
    assert edge not in built.edges


def test_metrics_are_also_sent_to_the_clusters_sink(built: Built, connected: Built) -> None:
    assert "remoteWrite" not in chart_values(built)["prometheus"]["prometheusSpec"]
    (write,) = chart_values(connected)["prometheus"]["prometheusSpec"]["remoteWrite"]
    assert (write["url"], write["sigv4"]) == ("https://metrics.example.org/write", {"region": "eu-central-1"})


def test_the_chart_is_deployed_only_where_charts_are() -> None:
    deployed = build_stack(changes=lambda: {"charts": ChartSource()})
    kinds = {resource.type for resource in deployed.rendered.resources}
    assert "kubernetes:helm.sh/v4:Chart" in kinds
    kinds = {resource.type for resource in build_stack().rendered.resources}
    assert "kubernetes:helm.sh/v4:Chart" not in kinds


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"replicas": 0}, "at least one Prometheus"),
        ({"models": ("a", "b", "a")}, "names one twice"),
    ],
)
def test_arguments_that_cannot_work_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(Exception, match=message):
        build_stack(changes=lambda: changes)


def test_a_client_of_another_application_is_refused() -> None:
    with pytest.raises(Exception, match=r"Grafana listens at https://grafana\.ai\.example\.org/login/generic_oauth"):
        build_stack(changes=lambda: {"sign_on": replace(sign_on(), redirect_url="https://console.ai.example.org/sso")})


def test_alerts_go_to_the_webhook_and_critical_ones_are_repeated_hourly() -> None:
    configuration = yaml.safe_load(alertmanager_configuration(WEBHOOK))
    assert configuration["route"]["receiver"] == "webhook"
    (receiver,) = [item for item in configuration["receivers"] if item["name"] == "webhook"]
    assert receiver["webhook_configs"] == [{"url": WEBHOOK, "send_resolved": True}]
    (critical,) = [route for route in configuration["route"]["routes"] if route.get("repeat_interval")]
    assert critical == {"receiver": "webhook", "matchers": ['severity="critical"'], "repeat_interval": "1h"}


def test_without_a_webhook_alerts_go_to_nobody() -> None:
    configuration = yaml.safe_load(alertmanager_configuration(None))
    assert [receiver["name"] for receiver in configuration["receivers"]] == ["nobody"]
    routes = [configuration["route"], *configuration["route"]["routes"]]
    assert {route["receiver"] for route in routes} == {"nobody"}
