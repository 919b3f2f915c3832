from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from components.base.handles import ImageRegistry
from components.base.node_pools import NodePool
from components.charts import ChartSource
from components.gpu_cluster import GpuSoftware, GpuStack, GpuStackArgs
from components.gpu_cluster.gpu_operator import gpu_operator_values
from components.gpu_cluster.operand_configs import METRICS, metrics_config, mig_config, time_slicing_config
from tests.builders.exported_metrics import METRICS as USED_METRICS
from tests.chart_files import chart_file, value_paths
from tests.components.gpu_cluster.clusters import MIG_POOL
from tests.components.surroundings import GPU_POOL, SYSTEM_POOL, Built, build
from tests.crd_schemas import schema_problems

SHARED_POOL = replace(GPU_POOL, name="shared", time_slices=4)
UNLISTED_KEYS = (
    # Of the chart inside the chart (node-feature-discovery 0.19.0), which the outer one does not repeat.
    "node-feature-discovery.image.repository",
    "node-feature-discovery.worker.affinity.",
    # In the outer chart as comments.
    "dcgmExporter.config.",
)


POLICY_PARTS = ("daemonsets", "driver", "toolkit", "devicePlugin", "gfd", "mig", "migManager", "dcgmExporter", "cdi")


def stack(software: GpuSoftware | None = None, *, charts: str = "none", **changes: Any) -> Built:
    return build(
        lambda s: GpuStack(
            "gpu",
            GpuStackArgs(
                cluster=s.cluster,
                platform=s.platform,
                charts=ChartSource(location=charts),
                software=software or GpuSoftware(),
            ),
            s.opts,
        ),
        **changes,
    )


def values(built: Built) -> dict[str, Any]:
    (chart,) = built.rendered.charts
    return chart.inputs["values"]


def all_values(software: GpuSoftware, pools: tuple[NodePool, ...] = (MIG_POOL, SHARED_POOL)) -> dict[str, Any]:
    """Values with every option in use that the pools and the software can turn on."""
    return gpu_operator_values(
        software=software,
        pools=pools,
        registry=ImageRegistry(),
        mig=mig_config(pools),
        time_slicing=time_slicing_config(pools),
        metrics=metrics_config(),
    )


SOCKET = "/run/k3s/containerd/containerd.sock"
HOST_DRIVER = GpuSoftware(containerd_socket=SOCKET)
HOST_DRIVER_NRI = GpuSoftware(containerd_socket=SOCKET, container_runtime="nri")
OPERATOR_DRIVER = GpuSoftware(driver="operator", containerd_socket=SOCKET)
NODE_IMAGE = GpuSoftware(reboot_for_partitions=True)
NODE_IMAGE_WITH_PLUGIN = GpuSoftware(device_plugin=False)
SOFTWARE = {
    "host driver": HOST_DRIVER,
    "host driver, nri": HOST_DRIVER_NRI,
    "operator driver": OPERATOR_DRIVER,
    "node image": NODE_IMAGE,
    "node image with plugin": NODE_IMAGE_WITH_PLUGIN,
}


@pytest.mark.parametrize(
    ("software", "driver", "toolkit", "device_plugin", "nri"),
    [
        (HOST_DRIVER, False, False, True, False),
        (HOST_DRIVER_NRI, False, True, True, True),
        (OPERATOR_DRIVER, True, True, True, False),
        (NODE_IMAGE, False, False, True, False),
        (NODE_IMAGE_WITH_PLUGIN, False, False, False, False),
    ],
    ids=list(SOFTWARE),
)
def test_the_operator_brings_what_the_nodes_lack_and_nothing_else(
    software: GpuSoftware, driver: bool, toolkit: bool, device_plugin: bool, nri: bool
) -> None:
    found = all_values(software)
    assert found["driver"]["enabled"] is driver
    assert found["toolkit"]["enabled"] is toolkit
    assert found["devicePlugin"]["enabled"] is device_plugin
    assert found["migManager"]["enabled"] is device_plugin
    assert found["cdi"] == {"enabled": True, "nriPluginEnabled": nri}
    assert found["gfd"]["enabled"] is True
    assert found["nfd"]["enabled"] is True
    assert found["dcgmExporter"]["enabled"] is True
    assert found["mig"] == {"strategy": "mixed"}


def test_a_toolkit_that_edits_containerd_is_told_its_socket_and_a_plug_in_is_not() -> None:
    assert all_values(OPERATOR_DRIVER)["toolkit"]["env"] == [{"name": "CONTAINERD_SOCKET", "value": SOCKET}]
    assert "env" not in all_values(HOST_DRIVER_NRI)["toolkit"]
    assert "env" not in all_values(HOST_DRIVER)["toolkit"]


def test_the_operator_builds_the_long_term_driver_and_reaches_its_packages() -> None:
    built = stack(OPERATOR_DRIVER)
    assert values(built)["driver"]["version"].startswith("580.")
    assert ("gpu-operator/driver", "external/internet", 443) in built.edges
    assert "version" not in values(stack())["driver"]


def test_a_new_driver_waits_for_streams_and_reaches_pods_with_shared_memory() -> None:
    policy = all_values(OPERATOR_DRIVER)["driver"]["upgradePolicy"]
    assert policy["maxParallelUpgrades"] == 1
    assert policy["gpuPodDeletion"] == {"force": False, "timeoutSeconds": 1800, "deleteEmptyDir": True}


def test_a_node_restarts_for_partitions_only_where_it_may() -> None:
    assert all_values(NODE_IMAGE)["migManager"]["env"] == [{"name": "WITH_REBOOT", "value": "true"}]
    assert "env" not in all_values(HOST_DRIVER)["migManager"]


def test_operands_run_on_tainted_gpu_nodes_and_are_evicted_last() -> None:
    found = values(stack(pools=(SYSTEM_POOL, GPU_POOL, MIG_POOL)))
    taint = GPU_POOL.taints[0]
    toleration = {"key": taint.key, "operator": "Exists", "effect": taint.effect}
    assert found["daemonsets"] == {"tolerations": [toleration], "priorityClassName": "system-node-critical"}
    assert found["node-feature-discovery"]["worker"]["tolerations"] == [toleration]


def test_discovery_looks_at_nodes_of_gpu_pools_alone() -> None:
    found = values(stack(pools=(SYSTEM_POOL, GPU_POOL, MIG_POOL)))
    affinity = found["node-feature-discovery"]["worker"]["affinity"]["nodeAffinity"]
    (term,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    (expression,) = term["matchExpressions"]
    assert expression == {"key": "ai-platform/pool", "operator": "In", "values": ["h200", "l40s"]}
    for pool in (GPU_POOL, MIG_POOL):
        assert pool.labels[expression["key"]] in expression["values"]


def test_the_platform_labels_the_namespace_and_the_chart_does_not() -> None:
    assert values(stack())["psa"] == {"enabled": False}


def test_every_gpu_metric_that_dashboards_and_alerts_use_is_exported() -> None:
    built = stack()
    config = built.one("ConfigMap", "gpu-metrics")
    assert values(built)["dcgmExporter"]["config"] == {"create": False, "name": config["metadata"]["name"]}
    rows = [line.split(", ", maxsplit=2) for line in config["data"]["dcgm-metrics.csv"].splitlines()]
    assert {type_ for _, type_, _ in rows} == {"gauge", "counter", "label"}
    exported = {name for name, _, _ in rows}
    assert len(exported) == len(METRICS)
    used = {name for name in USED_METRICS if name.startswith("DCGM_")}
    assert len(used) > 5
    assert not used - exported


def test_every_image_comes_from_the_mirror() -> None:
    found = values(stack(registry=ImageRegistry(mirror="registry.example.org/mirror")))
    repositories = [path for path in value_paths(found) if path.endswith("repository")]
    assert len(repositories) == 10
    for path in repositories:
        value: Any = found
        for key in path.split("."):
            value = value[key]
        assert value.startswith(
            ("registry.example.org/mirror/nvcr.io/", "registry.example.org/mirror/registry.k8s.io/")
        )


def test_the_chart_is_deployed_only_where_charts_are() -> None:
    kinds = {resource.type for resource in stack(charts="upstream").rendered.resources}
    assert "kubernetes:helm.sh/v4:Chart" in kinds
    assert "kubernetes:helm.sh/v4:Chart" not in {resource.type for resource in stack().rendered.resources}


def test_pools_that_share_gpus_get_a_configuration_of_their_own() -> None:
    built = stack(pools=(SYSTEM_POOL, GPU_POOL, SHARED_POOL))
    config = built.one("ConfigMap", "time-slicing")
    assert set(config["data"]) == {"default", "shared"}
    slicing = yaml.safe_load(config["data"]["shared"])["sharing"]["timeSlicing"]
    assert slicing["resources"] == [{"name": "nvidia.com/gpu", "replicas": 4}]
    assert "sharing" not in yaml.safe_load(config["data"]["default"])
    assert values(built)["devicePlugin"]["config"] == {
        "create": False,
        "name": config["metadata"]["name"],
        "default": "default",
    }


def test_partitioned_pools_get_exactly_the_slices_of_the_settings() -> None:
    built = stack(pools=(SYSTEM_POOL, MIG_POOL))
    config = built.one("ConfigMap", "mig-partitions")
    partitions = yaml.safe_load(config["data"]["config.yaml"])["mig-configs"]
    assert partitions["all-1g.18gb"] == [{"devices": "all", "mig-enabled": True, "mig-devices": {"1g.18gb": 7}}]
    assert partitions["all-disabled"] == [{"devices": "all", "mig-enabled": False}]
    assert values(built)["migManager"]["config"]["name"] == config["metadata"]["name"]


def test_a_changed_configuration_has_another_name_so_that_the_operator_notices() -> None:
    before, after = time_slicing_config([SHARED_POOL]), time_slicing_config([replace(SHARED_POOL, time_slices=8)])
    assert before is not None
    assert after is not None
    assert before.name != after.name
    assert before.name == getattr(time_slicing_config([SHARED_POOL]), "name", None)


def test_plain_pools_need_no_configuration() -> None:
    assert [item["metadata"]["name"].rsplit("-", 1)[0] for item in stack().objects("ConfigMap")] == ["gpu-metrics"]
    assert mig_config([GPU_POOL]) is None
    assert time_slicing_config([GPU_POOL]) is None


@pytest.mark.parametrize(
    "built",
    [lambda: stack(GpuSoftware(install=False)), lambda: stack(pools=(SYSTEM_POOL,))],
    ids=["operator present", "no gpu pool"],
)
def test_nothing_is_made_where_nothing_is_needed(built: Any) -> None:
    found = built()
    assert not found.rendered.charts
    assert not found.edges


def test_operands_reach_the_api_server_and_prometheus_reaches_their_metrics() -> None:
    edges = stack().edges
    assert ("observability/prometheus", "gpu-operator/dcgm-exporter", 9400) in edges
    clients = {source for source, target, _ in edges if target == "external/kubernetes-api"}
    assert clients == {
        f"gpu-operator/{name}"
        for name in (
            "gpu-operator",
            "node-feature-discovery",
            "device-plugin",
            "feature-discovery",
            "mig-manager",
            "validator",
        )
    }
    assert not [target for _, target, _ in edges if target == "external/internet"]


def test_the_chart_knows_every_value() -> None:
    chart = yaml.safe_load(chart_file("gpu-operator").read_text())
    for software in SOFTWARE.values():
        unknown = set(value_paths(all_values(software))) - set(value_paths(chart))
        assert not [path for path in unknown if not path.startswith(UNLISTED_KEYS)]


@pytest.mark.parametrize("software", SOFTWARE.values(), ids=list(SOFTWARE))
def test_the_operator_accepts_what_the_chart_makes_of_the_values(software: GpuSoftware) -> None:
    given = all_values(software)
    parts = {key: given[key] for key in POLICY_PARTS}
    for part in parts.values():
        # Two words of the chart's own: it makes no ConfigMap, and passes the other on under another name.
        part.get("config", {}).pop("create", None)
        if "upgradePolicy" in part:
            part["upgradePolicy"]["podDeletion"] = part["upgradePolicy"].pop("gpuPodDeletion")
    policy = {
        "apiVersion": "nvidia.com/v1",
        "kind": "ClusterPolicy",
        "metadata": {"name": "cluster-policy"},
        "spec": {"operator": {}, "dcgm": {}, "nodeStatusExporter": {}, **parts},
    }
    assert not schema_problems(policy)
    parts["migManager"]["environment"] = []
    assert schema_problems(policy)
