from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.base.handles import ImageRegistry
from components.charts import ChartSource
from components.gpu_cluster import GpuSoftware, GpuStack, GpuStackArgs
from components.gpu_cluster.gpu_operator import gpu_operator_values, mig_config, time_slicing_config
from tests.components.gpu_cluster.clusters import MIG_POOL
from tests.components.surroundings import GPU_POOL, SYSTEM_POOL, Built, build

ROOT = Path(__file__).resolve().parents[2]
SHARED_POOL = replace(GPU_POOL, name="shared", time_slices=4)
SUBCHART_KEYS = {"node-feature-discovery.image.repository"}
"""Values of the chart inside the chart (node-feature-discovery 0.19.0), which the outer one does not repeat."""


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


def paths(tree: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in tree.items():
        path = f"{prefix}.{key}" if prefix else key
        if isinstance(value, Mapping) and value:
            yield from paths(value, path)
        else:
            yield path


def test_what_the_nodes_have_already_stays_off() -> None:
    found = values(stack())
    assert found["driver"]["enabled"] is False
    assert found["toolkit"]["enabled"] is False
    assert found["mig"] == {"strategy": "mixed"}


def test_the_operator_brings_the_driver_where_the_nodes_have_none() -> None:
    socket = "/run/k3s/containerd/containerd.sock"
    built = stack(GpuSoftware(driver="operator", containerd_socket=socket))
    assert values(built)["driver"]["enabled"] is True
    assert values(built)["toolkit"]["env"] == [{"name": "CONTAINERD_SOCKET", "value": socket}]
    assert ("gpu-operator/driver", "external/internet", 443) in built.edges


def test_every_image_comes_from_the_mirror() -> None:
    found = values(stack(registry=ImageRegistry(mirror="registry.example.org/mirror")))
    repositories = [path for path in paths(found) if path.endswith("repository")]
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
    config = built.one("ConfigMap")
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
    config = built.one("ConfigMap")
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
    assert "ConfigMap" not in stack().kinds
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
    folder = Path(os.environ.get("CHARTS") or ROOT.parent / "shared" / "upstream" / "charts")
    file = folder / "gpu-operator" / "values.yaml"
    if not file.is_file():
        pytest.skip(f"no chart values: {file} is no file (set CHARTS)")
    chart = yaml.safe_load(file.read_text())
    pools = (MIG_POOL, SHARED_POOL)
    ours = gpu_operator_values(
        software=GpuSoftware(driver="operator", containerd_socket="/run/containerd.sock"),
        registry=ImageRegistry(),
        mig=mig_config(pools),
        time_slicing=time_slicing_config(pools),
    )
    unknown = set(paths(ours)) - set(paths(chart)) - SUBCHART_KEYS
    assert not unknown
