from __future__ import annotations

from typing import Any

import pytest
import yaml

from components.base.handles import ImageRegistry
from components.charts import ChartSource
from components.serving_operators import NAMESPACE, ServingOperators, ServingOperatorsArgs
from components.serving_operators.keda import keda_values
from tests.chart_files import chart_file, value_paths
from tests.components.surroundings import Built, build


def operators(*, charts: str = "none", **needs: bool) -> Built:
    return build(
        lambda s: ServingOperators(
            "serving-operators",
            ServingOperatorsArgs(cluster=s.cluster, platform=s.platform, charts=ChartSource(location=charts), **needs),
            s.opts,
        )
    )


@pytest.fixture(scope="module")
def keda() -> Built:
    return operators(autoscaling=True)


def chart_of(built: Built) -> dict[str, Any]:
    (chart,) = built.rendered.charts
    return dict(chart.inputs)


def test_a_stack_whose_models_need_no_operator_gets_none_and_opens_nothing() -> None:
    built = operators()
    assert built.rendered.charts == ()
    assert built.edges == set()
    assert built.result.ready == ()


def test_autoscaling_installs_keda_into_the_operators_namespace(keda: Built) -> None:
    chart = chart_of(keda)
    assert (chart["chart"], chart["namespace"]) == ("keda", NAMESPACE.name)
    assert NAMESPACE.level == "restricted"
    assert len(keda.result.ready) == 1


def test_a_rehearsal_records_the_chart_and_leaves_it_out(keda: Built) -> None:
    types = {resource.type for resource in keda.rendered.resources}
    assert "ai-platform:charts:PinnedChart" in types
    assert not any(kind.endswith("helm.sh/v4:Chart") for kind in types)
    deployed = operators(autoscaling=True, charts="upstream")
    assert any(resource.type.endswith("helm.sh/v4:Chart") for resource in deployed.rendered.resources)


def test_keda_asks_prometheus_and_the_api_server_reaches_its_metrics_and_webhook(keda: Built) -> None:
    api, place = "external/kubernetes-api", "serving-operators"
    assert keda.edges == {
        *((f"{place}/{part}", api, port) for part in PARTS for port in (443, 6443)),
        (api, f"{place}/keda-metrics-server", 6443),
        (api, f"{place}/keda-webhooks", 9443),
        (f"{place}/keda-metrics-server", f"{place}/keda-operator", 9666),
        (f"{place}/keda-operator", "observability/prometheus", 9090),
        ("observability/prometheus", f"{place}/keda-operator", 8080),
    }


PARTS = ("keda-operator", "keda-metrics-server", "keda-webhooks")


def test_every_value_is_one_that_the_chart_reads() -> None:
    defaults = yaml.safe_load(chart_file("keda").read_text())
    known = set(value_paths(defaults))
    # Empty mappings of the chart that take any key of a PodDisruptionBudget.
    known |= {f"podDisruptionBudget.{part}.minAvailable" for part in ("operator", "metricServer", "webhooks")}
    values = set(value_paths(keda_values(ImageRegistry())))
    assert len(values) > 25
    assert values - known == set()


def test_the_chart_is_secure_where_the_values_are_silent() -> None:
    defaults = yaml.safe_load(chart_file("keda").read_text())
    for part in ("operator", "metricServer", "webhooks"):
        assert defaults["podSecurityContext"][part]["runAsNonRoot"] is True
        context = defaults["securityContext"][part]
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"securityContext", "podSecurityContext"} & set(keda_values(ImageRegistry()))


def test_the_chart_is_the_pinned_one(keda: Built) -> None:
    assert yaml.safe_load(chart_file("keda", "Chart.yaml").read_text())["version"] == chart_of(keda)["version"]


def test_each_part_survives_the_loss_of_a_node() -> None:
    values = keda_values(ImageRegistry())
    for part in ("operator", "metricsServer", "webhooks"):
        assert values[part]["replicaCount"] == 2
        (spread,) = values["topologySpreadConstraints"][part]
        assert spread["topologyKey"] == "kubernetes.io/hostname"
    assert values["podDisruptionBudget"] == {
        part: {"minAvailable": 1} for part in ("operator", "metricServer", "webhooks")
    }
    assert values["priorityClassName"] == "platform-critical"


def test_images_come_from_the_mirror() -> None:
    values = keda_values(ImageRegistry(mirror="registry.example.org/m"))
    assert values["global"]["image"]["registry"] == "registry.example.org/m/ghcr.io"
    assert keda_values(ImageRegistry())["global"]["image"]["registry"] == "ghcr.io"


def test_keda_sees_the_models_only_and_no_secret() -> None:
    values = keda_values(ImageRegistry())
    assert values["watchNamespace"] == "models"
    assert values["permissions"]["operator"]["restrict"]["secret"] is True
    kinds = {(entry["apiGroup"], entry["kind"]) for entry in values["rbac"]["scaledRefKinds"]}
    # Names of resources, as a ClusterRole knows them.
    assert kinds == {("argoproj.io", "rollouts"), ("leaderworkerset.x-k8s.io", "leaderworkersets")}
