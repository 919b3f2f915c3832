"""The operators that run replicas over several nodes and move requests between versions."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from components.base import pins
from components.base.handles import ImageRegistry
from components.serving_operators.argo_rollouts import PLUGIN, argo_rollouts_values
from components.serving_operators.leader_worker_set import leader_worker_set_values
from components.vllm_model.workloads.rollout import TRAFFIC_ROUTER
from tests.chart_files import chart_file, value_paths
from tests.components.test_serving_operators import operators

MIRROR = ImageRegistry(mirror="registry.example.org/m")
VALUES = {"lws": leader_worker_set_values, "argo-rollouts": argo_rollouts_values}

FREE = (
    "affinity.",
    "controller.resources.",
    "resources.limits.",
    "podSecurityContext.",
)
"""Members of the charts that take any key of the Kubernetes type that they become."""


@pytest.mark.parametrize("chart", VALUES)
def test_every_value_is_one_that_the_chart_reads(chart: str) -> None:
    known = set(value_paths(yaml.safe_load(chart_file(chart).read_text())))
    values = set(value_paths(VALUES[chart](ImageRegistry())))
    assert len(values) > 10
    assert {path for path in values - known if not path.startswith(FREE)} == set()


def test_the_charts_and_their_images_are_the_pinned_ones() -> None:
    rollouts = yaml.safe_load(chart_file("argo-rollouts", "Chart.yaml").read_text())
    assert (rollouts["version"], rollouts["appVersion"]) == (pins.ARGO_ROLLOUTS_CHART.version, pins.ARGO_ROLLOUTS.tag)
    # The chart in the source tree bears no version of its own; its application's is that of the release.
    group = yaml.safe_load(chart_file("lws", "Chart.yaml").read_text())
    assert group["appVersion"] == pins.LEADER_WORKER_SET.tag == f"v{pins.LEADER_WORKER_SET_CHART.version}"


@pytest.mark.parametrize(("need", "chart"), [("multi_node", "lws"), ("rollouts", "argo-rollouts")])
def test_each_operator_comes_only_where_a_model_needs_it(need: str, chart: str) -> None:
    built = operators(multi_node=need == "multi_node", rollouts=need == "rollouts")
    (found,) = built.rendered.charts
    assert found.inputs["chart"] == chart
    assert found.inputs["namespace"] == "serving-operators"


def test_the_operators_reach_the_api_server_and_what_they_ask() -> None:
    place, api = "serving-operators", "external/kubernetes-api"
    assert operators(multi_node=True).edges == {
        (f"{place}/leader-worker-set", api, 443),
        (f"{place}/leader-worker-set", api, 6443),
        (api, f"{place}/leader-worker-set", 9443),
    }
    assert operators(rollouts=True).edges == {
        (f"{place}/argo-rollouts", api, 443),
        (f"{place}/argo-rollouts", api, 6443),
        (f"{place}/argo-rollouts", "observability/prometheus", 9090),
        ("observability/prometheus", f"{place}/argo-rollouts", 8090),
    }


def test_images_come_from_the_mirror() -> None:
    group = leader_worker_set_values(MIRROR)["image"]["manager"]
    assert group["repository"] == "registry.example.org/m/registry.k8s.io/lws/lws"
    rollouts = argo_rollouts_values(MIRROR)["controller"]
    assert rollouts["image"]["registry"] == "registry.example.org"
    assert rollouts["image"]["repository"] == "m/quay.io/argoproj/argo-rollouts"
    (copy,) = rollouts["initContainers"]
    assert copy["image"].startswith("registry.example.org/m/ghcr.io/argoproj-labs/")


def test_the_plug_in_is_a_file_and_no_download() -> None:
    controller = argo_rollouts_values(ImageRegistry())["controller"]
    (plugin,) = controller["trafficRouterPlugins"]
    assert plugin["name"] == PLUGIN == TRAFFIC_ROUTER
    (copy,) = controller["initContainers"]
    source, folder = copy["command"][1:]
    assert plugin["location"] == f"file://{folder}/{source.rpartition('/')[2]}"
    assert copy["volumeMounts"] == controller["volumeMounts"]
    assert controller["volumes"][0]["name"] == copy["volumeMounts"][0]["name"]


def test_pods_meet_the_restricted_level() -> None:
    chart: dict[str, Any] = yaml.safe_load(chart_file("argo-rollouts").read_text())
    assert chart["containerSecurityContext"]["readOnlyRootFilesystem"] is True
    for values in (leader_worker_set_values(ImageRegistry()), argo_rollouts_values(ImageRegistry())):
        assert values["podSecurityContext"]["runAsNonRoot"] is True
        assert values["podSecurityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (copy,) = argo_rollouts_values(ImageRegistry())["controller"]["initContainers"]
    assert copy["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert copy["securityContext"]["allowPrivilegeEscalation"] is False


def test_the_controller_of_rollouts_may_change_routes_and_no_other_router() -> None:
    access = argo_rollouts_values(ImageRegistry())["providerRBAC"]
    chart: dict[str, Any] = yaml.safe_load(chart_file("argo-rollouts").read_text())
    assert access["providers"] == dict.fromkeys(chart["providerRBAC"]["providers"], False)
    (rule,) = access["additionalRules"]
    assert rule["resources"] == ["httproutes"]
    assert {"get", "update"} <= set(rule["verbs"])
