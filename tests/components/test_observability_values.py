from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components.base.handles import ImageRegistry
from components.observability_stack import Retention
from components.observability_stack.prometheus_values import retention_size, stack_values
from tests.chart_files import chart_file
from tests.components.observability import stack_args
from tests.components.surroundings import build

SUBCHART_KEYS = {
    # grafana 12.11.1
    "grafana.containerSecurityContext",
    "grafana.deploymentStrategy",
    "grafana.enableServiceLinks",
    "grafana.envValueFrom",
    "grafana.extraEmptyDirMounts",
    "grafana.fullnameOverride",
    "grafana.grafana.ini",
    "grafana.image",
    "grafana.initChownData",
    "grafana.persistence",
    "grafana.priorityClassName",
    "grafana.rbac.namespaced",
    "grafana.rbac.useExistingRole",
    "grafana.resources",
    "grafana.service.port",
    "grafana.sidecar.dashboards.resource",
    "grafana.sidecar.datasources.resource",
    "grafana.sidecar.datasources.searchNamespace",
    "grafana.sidecar.image",
    "grafana.sidecar.resources",
    "grafana.testFramework",
    # kube-state-metrics 8.4.0
    "kube-state-metrics.collectors",
    "kube-state-metrics.fullnameOverride",
    "kube-state-metrics.image",
    "kube-state-metrics.priorityClassName",
    "kube-state-metrics.resources",
    # prometheus-node-exporter 4.56.1
    "prometheus-node-exporter.fullnameOverride",
    "prometheus-node-exporter.image.registry",
    "prometheus-node-exporter.priorityClassName",
    "prometheus-node-exporter.resources",
}
"""Values that go through to a chart inside the chart, whose own values kube-prometheus-stack does not repeat."""


def stack_values_with(*, mirror: str | None = None, **changes: Any) -> dict[str, Any]:
    return build(
        lambda surroundings: stack_values(stack_args(surroundings, **changes)),
        registry=ImageRegistry(mirror=mirror),
    ).result


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    return stack_values_with()


def upstream_values() -> str:
    return chart_file("kube-prometheus-stack").read_text()


def unknown_keys(values: Mapping[str, Any], defaults: Any, path: str = "") -> Iterator[str]:
    """Paths of `values` that `defaults` does not have. An empty default is free-form."""
    if not isinstance(defaults, Mapping) or not defaults:
        return
    for key, value in values.items():
        here = f"{path}.{key}" if path else key
        if key not in defaults:
            yield here
        elif isinstance(value, Mapping):
            yield from unknown_keys(value, defaults[key], here)


def test_every_value_is_one_that_the_chart_knows(values: dict[str, Any]) -> None:
    text = upstream_values()
    unknown = set(unknown_keys(values, yaml.safe_load(text)))
    commented = {path for path in unknown if re.search(rf"^ *# *{path.rsplit('.', 1)[1]}:", text, flags=re.MULTILINE)}
    assert unknown - commented - SUBCHART_KEYS == set()


def test_a_misspelt_value_is_noticed() -> None:
    text = upstream_values()
    assert set(unknown_keys({"prometheus": {"prometheusSpec": {"retentoin": "1d"}}}, yaml.safe_load(text))) == {
        "prometheus.prometheusSpec.retentoin"
    }


def at(values: Mapping[str, Any], path: str) -> Any:
    found: Any = values
    for key in path.split("/"):
        found = found[key]
    return found


IMAGES = {
    "prometheusOperator/image": "quay.io",
    "prometheusOperator/prometheusConfigReloader/image": "quay.io",
    "prometheusOperator/thanosImage": "quay.io",
    "prometheus/prometheusSpec/image": "quay.io",
    "alertmanager/alertmanagerSpec/image": "quay.io",
    "grafana/image": "docker.io",
    "grafana/sidecar/image": "quay.io",
    "kube-state-metrics/image": "registry.k8s.io",
    "prometheus-node-exporter/image": "quay.io",
}


@pytest.mark.parametrize(("path", "host"), IMAGES.items())
def test_images_come_from_upstream_or_from_the_mirror(values: dict[str, Any], path: str, host: str) -> None:
    assert at(values, path) == {"registry": host}
    mirrored = stack_values_with(mirror="registry.example.org/mirror")
    assert at(mirrored, path) == {"registry": f"registry.example.org/mirror/{host}"}


def test_nothing_depends_on_helm_hooks(values: dict[str, Any]) -> None:
    webhooks = values["prometheusOperator"]["admissionWebhooks"]
    assert webhooks["patch"] == {"enabled": False}
    assert webhooks["certManager"] == {"enabled": True}
    assert values["grafana"]["testFramework"] == {"enabled": False}


def test_monitors_and_rules_of_every_namespace_are_read(values: dict[str, Any]) -> None:
    spec = values["prometheus"]["prometheusSpec"]
    switches = {key: value for key, value in spec.items() if key.endswith("SelectorNilUsesHelmValues")}
    assert len(switches) == 5
    assert not any(switches.values())


def test_parts_that_no_cluster_of_ours_shows_are_not_scraped(values: dict[str, Any]) -> None:
    for part in ("kubeControllerManager", "kubeScheduler", "kubeProxy", "kubeEtcd"):
        assert values[part] == {"enabled": False}


def test_only_the_node_exporter_leaves_the_restricted_namespace(values: dict[str, Any]) -> None:
    homes = {part: value["namespaceOverride"] for part, value in values.items() if "namespaceOverride" in value}
    assert homes == {"prometheus-node-exporter": "node-agents"}
    # The one container of the chart that would run as root.
    assert values["grafana"]["initChownData"] == {"enabled": False}


def test_every_pod_has_requests_and_limits(values: dict[str, Any]) -> None:
    for path in (
        "prometheusOperator",
        "prometheusOperator/prometheusConfigReloader",
        "prometheus/prometheusSpec",
        "alertmanager/alertmanagerSpec",
        "grafana",
        "grafana/sidecar",
        "kube-state-metrics",
        "prometheus-node-exporter",
    ):
        resources = at(values, path)["resources"]
        assert resources["requests"]["memory"] == resources["limits"]["memory"]
        assert {*resources["requests"], *resources["limits"]} == {"cpu", "memory"}


def test_data_lies_on_retained_volumes(values: dict[str, Any]) -> None:
    prometheus = values["prometheus"]["prometheusSpec"]["storageSpec"]["volumeClaimTemplate"]["spec"]
    alertmanager = values["alertmanager"]["alertmanagerSpec"]["storage"]["volumeClaimTemplate"]["spec"]
    assert prometheus["storageClassName"] == alertmanager["storageClassName"] == "retained"
    assert values["grafana"]["persistence"]["storageClassName"] == "retained"
    assert prometheus["resources"]["requests"]["storage"] == "50Gi"


@given(gib=st.integers(min_value=2, max_value=100_000))
def test_blocks_leave_a_fifth_of_the_volume_free(gib: int) -> None:
    size = retention_size(Retention(days=15, gib=gib))
    assert re.fullmatch(r"[1-9][0-9]*MiB", size)
    assert 0.79 <= int(size.removesuffix("MiB")) / (gib * 1024) <= 0.8


@pytest.mark.parametrize(("replicas", "budget"), [(1, False), (2, True), (3, True)])
def test_a_disruption_budget_guards_two_or_more_replicas(replicas: int, budget: bool) -> None:
    values = stack_values_with(replicas=replicas)
    for part in ("prometheus", "alertmanager"):
        assert values[part]["podDisruptionBudget"]["enabled"] is budget


def test_kube_state_metrics_does_not_read_secrets(values: dict[str, Any]) -> None:
    collectors = values["kube-state-metrics"]["collectors"]
    assert "pods" in collectors
    assert not {"secrets", "configmaps"} & set(collectors)


def test_grafana_signs_in_at_the_realm_and_maps_its_three_roles(values: dict[str, Any]) -> None:
    oauth = values["grafana"]["grafana.ini"]["auth.generic_oauth"]
    assert oauth["auth_url"].startswith("https://auth.ai.example.org/")
    assert oauth["token_url"].startswith("http://keycloak.identity.svc.cluster.local:8080/")
    assert oauth["role_attribute_path"] == (
        "contains(roles[*], 'admin') && 'Admin' || contains(roles[*], 'developer') && 'Editor'"
        " || contains(roles[*], 'user') && 'Viewer'"
    )
    assert oauth["role_attribute_strict"] is True
    assert oauth["use_pkce"] is True
    assert "client_secret" not in oauth


def test_grafana_does_not_call_home(values: dict[str, Any]) -> None:
    ini = values["grafana"]["grafana.ini"]
    assert set(ini["analytics"].values()) == {False}
    assert ini["news"] == {"news_feed_enabled": False}
    assert ini["plugins"]["preinstall_disabled"] is True


def test_grafana_has_no_login_form_beside_single_sign_on(values: dict[str, Any]) -> None:
    assert values["grafana"]["grafana.ini"]["auth"] == {"disable_login_form": True}
