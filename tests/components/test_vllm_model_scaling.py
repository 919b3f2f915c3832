from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components.vllm_model.scaling import Scaling
from components.vllm_model.scaling.queries import cache_query, demand_query, queue_query
from components.vllm_model.scaling.scaled_object import scaled_object_spec
from components.vllm_model.workloads.target import ScaleTarget
from tests.builders.exported_metrics import METRICS, metrics_used
from tests.components.surroundings import Built
from tests.components.test_vllm_model import built_with, make_serving
from tests.crd_schemas import schema_problems

TARGET = ScaleTarget(api_version="apps/v1", kind="Deployment", name="qwen3-8b")
ON_DEMAND = Scaling(min_replicas=0, max_replicas=3, demand=("qwen3-8b", "support-bot", "auto"), idle_seconds=900)
ALWAYS = Scaling(min_replicas=2, max_replicas=4, demand=("qwen3-8b",))


def spec(scaling: Scaling = ALWAYS, target: ScaleTarget = TARGET) -> dict[str, Any]:
    return scaled_object_spec("qwen3-8b", "chat", target, scaling)


def triggers(scaling: Scaling = ALWAYS) -> dict[str, dict[str, Any]]:
    return {trigger["name"]: trigger for trigger in spec(scaling)["triggers"]}


@pytest.fixture(scope="module")
def scaled() -> Built:
    return built_with(scaling=ALWAYS, replicas=2)


@pytest.fixture(scope="module")
def stopping() -> Built:
    return built_with(scaling=ON_DEMAND, replicas=0)


def deployment_of(built: Built) -> Any:
    (found,) = (item for item in built.rendered.resources if item.type.endswith(":Deployment"))
    return found


def test_a_model_of_fixed_size_has_no_autoscaler() -> None:
    assert "ScaledObject" not in built_with().kinds


def test_a_scaled_model_has_one_autoscaler_of_its_own_name(scaled: Built) -> None:
    made = scaled.one("ScaledObject")
    assert made["apiVersion"] == "keda.sh/v1alpha1"
    assert (made["metadata"]["namespace"], made["metadata"]["name"]) == ("models", "qwen3-8b")
    reference = made["spec"]["scaleTargetRef"]
    deployment = scaled.one("Deployment")
    assert reference == {
        "apiVersion": deployment["apiVersion"],
        "kind": "Deployment",
        "name": deployment["metadata"]["name"],
    }


def test_the_scaled_object_fits_its_definition(scaled: Built, stopping: Built) -> None:
    for built in (scaled, stopping):
        assert schema_problems(built.one("ScaledObject")) == []


def test_the_autoscaler_comes_after_what_it_scales_and_after_its_operator(scaled: Built) -> None:
    (resource,) = (item for item in scaled.rendered.objects if item.inputs["kind"] == "ScaledObject")
    assert any(urn.endswith("-deployment") for urn in resource.depends_on)


@pytest.mark.parametrize(
    "target",
    [
        ScaleTarget(api_version="argoproj.io/v1alpha1", kind="Rollout", name="qwen3-8b"),
        ScaleTarget(api_version="leaderworkerset.x-k8s.io/v1", kind="LeaderWorkerSet", name="qwen3-8b"),
    ],
    ids=lambda target: target.kind,
)
def test_other_workloads_are_scaled_the_same_way(target: ScaleTarget) -> None:
    reference = spec(target=target)["scaleTargetRef"]
    assert reference == {"apiVersion": target.api_version, "kind": target.kind, "name": "qwen3-8b"}
    assert {**spec(target=target), "scaleTargetRef": None} == {**spec(), "scaleTargetRef": None}


def test_the_engine_sets_replicas_once_and_then_leaves_them_alone(scaled: Built) -> None:
    assert scaled.one("Deployment")["spec"]["replicas"] == 2
    assert list(deployment_of(scaled).ignore_changes) == ["spec.replicas"]
    assert list(deployment_of(built_with()).ignore_changes) == []


def test_a_model_on_demand_begins_stopped_and_nobody_waits_for_its_pods(stopping: Built) -> None:
    assert stopping.one("Deployment")["spec"]["replicas"] == 0
    assert stopping.one("Service")["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"
    assert "pulumi.com/skipAwait" not in built_with().one("Service")["metadata"]["annotations"]


def test_replicas_move_between_the_two_numbers() -> None:
    assert (spec()["minReplicaCount"], spec()["maxReplicaCount"]) == (2, 4)
    assert (spec(ON_DEMAND)["minReplicaCount"], spec(ON_DEMAND)["maxReplicaCount"]) == (0, 3)


def test_every_trigger_is_a_sum_that_is_shared_by_the_replicas() -> None:
    for trigger in triggers(ON_DEMAND).values():
        assert (trigger["type"], trigger["metricType"]) == ("prometheus", "AverageValue")
        assert (
            trigger["metadata"]["serverAddress"] == "http://monitoring-prometheus.observability.svc.cluster.local:9090"
        )
        assert all(isinstance(value, str) for value in trigger["metadata"].values())


def test_the_queue_per_replica_adds_replicas() -> None:
    assert triggers()["queue"]["metadata"]["threshold"] == "5"
    assert (
        triggers(Scaling(min_replicas=1, max_replicas=2, demand=("m",), queue_depth=12))["queue"]["metadata"][
            "threshold"
        ]
        == "12"
    )


@given(use=st.floats(min_value=0.3, max_value=0.95), replicas=st.integers(min_value=1, max_value=64))
def test_caches_above_their_limit_add_a_replica_in_spite_of_the_tolerance(use: float, replicas: int) -> None:
    scaling = Scaling(min_replicas=1, max_replicas=100, demand=("m",), kv_cache_use=use)
    target = float(triggers(scaling)["kv-cache"]["metadata"]["threshold"])

    def wanted(average: float) -> int:
        """What a HorizontalPodAutoscaler computes of an external metric with an average target."""
        total = 100 * average * replicas
        ratio = total / (target * replicas)
        return replicas if abs(1 - ratio) <= 0.1 else -int(-total // target)

    assert wanted(min(1.0, use * 1.01)) > replicas
    assert wanted(use * 0.99) <= replicas


def test_a_model_without_kv_cache_is_scaled_by_its_queue_alone() -> None:
    made = scaled_object_spec("embedder", "embedding", TARGET, ALWAYS)
    assert [trigger["name"] for trigger in made["triggers"]] == ["queue"]


def test_only_a_model_that_stops_asks_for_demand_and_idles() -> None:
    assert set(triggers()) == {"queue", "kv-cache"}
    assert "cooldownPeriod" not in spec()
    assert set(triggers(ON_DEMAND)) == {"queue", "kv-cache", "demand"}
    assert spec(ON_DEMAND)["cooldownPeriod"] == 900


def test_demand_starts_the_first_replica_and_never_a_second_one() -> None:
    metadata = triggers(ON_DEMAND)["demand"]["metadata"]
    assert float(metadata["threshold"]) >= 1_000_000
    assert "activationThreshold" not in metadata


def test_silence_of_a_model_that_must_run_is_an_error_and_of_a_stopped_one_is_not() -> None:
    assert {item["metadata"]["ignoreNullValues"] for item in triggers().values()} == {"false"}
    assert {item["metadata"]["ignoreNullValues"] for item in triggers(ON_DEMAND).values()} == {"true"}


@pytest.mark.parametrize(("scaling", "replicas"), [(ALWAYS, 2), (ON_DEMAND, 1)], ids=["always", "on demand"])
def test_what_runs_goes_on_while_prometheus_is_away(scaling: Scaling, replicas: int) -> None:
    # With 0 KEDA stops a busy model once its idle time has passed (scale_scaledobjects.go of 2.20).
    assert spec(scaling)["fallback"] == {
        "failureThreshold": 3,
        "replicas": replicas,
        "behavior": "currentReplicasIfHigher",
    }


def test_replicas_come_quickly_and_go_slowly_one_by_one() -> None:
    settings = spec(Scaling(min_replicas=1, max_replicas=9, demand=("m",), cooldown_seconds=600))
    behaviour = settings["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behaviour["scaleDown"]["stabilizationWindowSeconds"] == 600
    assert behaviour["scaleUp"]["stabilizationWindowSeconds"] < 60
    (up,), (down,) = behaviour["scaleUp"]["policies"], behaviour["scaleDown"]["policies"]
    assert (up["type"], up["value"], down["type"], down["value"]) == ("Pods", 2, "Pods", 1)
    assert up["periodSeconds"] < down["periodSeconds"]


def test_alerts_find_the_autoscaler_by_the_model_s_name() -> None:
    assert spec()["advanced"]["horizontalPodAutoscalerConfig"]["name"] == "qwen3-8b"


@pytest.mark.parametrize(("least", "most"), [(1, 1), (3, 2), (-1, 2)])
def test_there_must_be_something_to_scale(least: int, most: int) -> None:
    with pytest.raises(ValueError, match="leaves nothing to scale"):
        Scaling(min_replicas=least, max_replicas=most, demand=("m",))


def test_a_task_decides_by_the_serving_of_the_model() -> None:
    serving = make_serving("Qwen/Qwen3-Embedding-0.6B", max_model_len=8192)
    made = built_with(serving=serving, scaling=ALWAYS, replicas=2).one("ScaledObject")
    assert [trigger["name"] for trigger in made["spec"]["triggers"]] == ["queue"]


def test_queries_use_only_metrics_that_exist() -> None:
    for query in (queue_query("m"), cache_query("m"), demand_query(("m",))):
        used = metrics_used(query)
        assert used
        assert used <= METRICS, query


PROXY = "litellm_proxy_total_requests_metric_total"
FALLBACKS = "litellm_deployment_failed_fallbacks_total"
VLLM = 'namespace="models",model_name="m"'


def evaluate(folder: Path, query: str, series: dict[str, str], at: str) -> float | None:
    """What Prometheus answers to `query` `at` a time, None for nothing. Two samples a minute, as in the platform."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    test = {
        "evaluation_interval": "30s",
        "tests": [
            {
                "interval": "30s",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [{"expr": query, "eval_time": at, "exp_samples": []}],
            }
        ],
    }
    file = folder / "query.yaml"
    file.write_text(yaml.safe_dump(test))
    done = subprocess.run([promtool, "test", "rules", str(file)], capture_output=True, text=True, check=False)
    # promtool is asked to expect nothing, and names what it got when that is wrong.
    found = re.findall(r"\{\} ([-+.\deE]+)", done.stdout + done.stderr)
    assert done.returncode == 0 or len(found) == 1, done.stdout + done.stderr
    return float(found[0]) if found else None


def test_the_queue_is_that_of_all_replicas_and_of_no_other_model(tmp_path: Path) -> None:
    series = {
        f'vllm:num_requests_waiting{{{VLLM},pod="a"}}': "7x20",
        f'vllm:num_requests_waiting{{{VLLM},pod="b"}}': "4x20",
        'vllm:num_requests_waiting{namespace="models",model_name="m2",pod="c"}': "50x20",
    }
    assert evaluate(tmp_path, queue_query("m"), series, "5m") == pytest.approx(11)
    assert evaluate(tmp_path, queue_query("other"), series, "5m") is None


def test_a_replica_with_several_caches_counts_once(tmp_path: Path) -> None:
    series = {
        f'vllm:kv_cache_usage_perc{{{VLLM},pod="a",engine="0"}}': "0.5x20",
        f'vllm:kv_cache_usage_perc{{{VLLM},pod="a",engine="1"}}': "0.7x20",
        f'vllm:kv_cache_usage_perc{{{VLLM},pod="b",engine="0"}}': "0.9x20",
    }
    assert evaluate(tmp_path, cache_query("m"), series, "5m") == pytest.approx(150)


@pytest.mark.parametrize(
    ("series", "at", "wanted"),
    [
        ({}, "10m", False),
        # The first request ever is refused: its counter appears, already at 1.
        ({f'{PROXY}{{requested_model="m",status_code="503"}}': "_x20 1x40"}, "11m", True),
        ({f'{PROXY}{{requested_model="m",status_code="503"}}': "_x20 1x40"}, "17m", False),
        ({f'{PROXY}{{requested_model="adapter",status_code="429"}}': "_x20 1x40"}, "11m", True),
        ({f'{PROXY}{{requested_model="m",status_code="200"}}': "5x40 6x20"}, "22m", True),
        ({f'{PROXY}{{requested_model="m",status_code="200"}}': "5x60"}, "20m", False),
        ({f'{PROXY}{{requested_model="m2",status_code="200"}}': "_x20 1x40"}, "11m", False),
        # Without a key nobody starts a GPU.
        ({f'{PROXY}{{requested_model="m",status_code="401"}}': "_x20 1x40"}, "11m", False),
        # A fallback from another model reaches this one.
        ({f'{FALLBACKS}{{fallback_model="m",requested_model="m2"}}': "_x20 1x40"}, "11m", True),
        # A gateway's pod that starts anew counts from nothing; that is no demand.
        ({f'{PROXY}{{requested_model="m",status_code="200",pod="a"}}': "900x20 _x40"}, "12m", False),
    ],
)
def test_a_request_is_demand_from_the_first_one_on(
    tmp_path: Path, series: dict[str, str], at: str, wanted: bool
) -> None:
    value = evaluate(tmp_path, demand_query(("m", "adapter")), series, at)
    assert value is not None
    assert (value > 0) is wanted
