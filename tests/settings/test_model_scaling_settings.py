from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.vllm_model.durations import rollout_seconds
from components.vllm_model.scaling import Scaling
from stacks.arguments.observability import triggers
from stacks.scaling import names_by_model, needed_operators, scaling
from stacks.schema.models import ModelSettings
from stacks.schema.observability import ObservabilitySettings
from stacks.serving import serving
from stacks.settings import PlatformSettings, SettingsError, load_settings
from tests.settings.test_model_settings import model, refusal

ROOT = Path(__file__).resolve().parents[2]
SMALL = {
    "name": "small",
    "task": "chat",
    "weights": {"huggingFace": "Qwen/Qwen3-8B", "revision": "b968826d9c46dd6066d109eabc6255188de91218"},
    "maxModelLen": 8192,
    "gpu": {"pool": "gpu"},
}
POOLS: list[dict[str, Any]] = [
    {"name": "system", "role": "system", "cpu": 16, "memoryGib": 64, "nodes": {"min": 3, "max": 3}},
    {
        "name": "gpu",
        "role": "gpu",
        "cpu": 64,
        "memoryGib": 512,
        "nodes": {"min": 1, "max": 1},
        "product": "NVIDIA-L40S",
        "gpusPerNode": 4,
        "memoryPerGpuGib": 44.3,
    },
]


def stack(*models: dict[str, Any], **gateway: Any) -> PlatformSettings:
    """The local stack with other models on one node of four GPUs."""
    local = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]["ai-platform:platform"]
    local["cluster"]["pools"] = POOLS
    local["models"] = list(models)
    tiers = {name: tier | {"models": ["*"]} for name, tier in local["gateway"]["tiers"].items()}
    price = {"inputUsdPerMillionTokens": 0.2, "outputUsdPerMillionTokens": 0.6}
    local["gateway"] = {"tiers": tiers, "defaultPrice": price, **gateway}
    local["teams"] = [team | {"models": ["*"]} for team in local["teams"]]
    return load_settings(json.loads(json.dumps(local)))


def scaled(**changes: Any) -> Scaling | None:
    settings: ModelSettings = model(**changes)
    return scaling(settings, {settings.name: (settings.name,)})


def test_a_model_of_fixed_size_is_not_scaled() -> None:
    assert scaled() is None
    assert scaled(replicas={"min": 3, "max": 3}) is None


def test_two_different_numbers_of_replicas_are_enough_to_be_scaled() -> None:
    assert scaled(replicas={"min": 1, "max": 4}) == Scaling(
        min_replicas=1,
        max_replicas=4,
        demand=("qwen3-8b",),
        queue_depth=5,
        kv_cache_use=0.9,
        cooldown_seconds=300,
        idle_seconds=1800,
        polling_seconds=15,
    )


def test_every_key_arrives() -> None:
    keys = {"queueDepth": 9, "kvCacheUse": 0.7, "cooldownSeconds": 60, "idleSeconds": 600, "pollingSeconds": 30}
    assert scaled(replicas={"min": 0, "max": 2}, scaling=keys) == Scaling(
        min_replicas=0,
        max_replicas=2,
        demand=("qwen3-8b",),
        queue_depth=9,
        kv_cache_use=0.7,
        cooldown_seconds=60,
        idle_seconds=600,
        polling_seconds=30,
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scaling": {"queueDepth": 3}}, "scaling: replicas.min and replicas.max are both 1, so nothing is scaled"),
        (
            {"replicas": {"min": 1, "max": 2}, "scaling": {"idleSeconds": 600}},
            "scaling.idleSeconds: replicas.min is 1, so the last replica never stops; set replicas.min to 0",
        ),
        ({"replicas": {"min": 1, "max": 2}, "scaling": {"queueDepth": 0}}, "greater than or equal to 1"),
        ({"replicas": {"min": 1, "max": 2}, "scaling": {"kvCacheUse": 90}}, "less than or equal to 0.95"),
        ({"replicas": {"min": 1, "max": 2}, "scaling": {"cooldownSeconds": 7200}}, "less than or equal to 3600"),
        ({"replicas": {"min": 1, "max": 2}, "scaling": {"queueDept": 3}}, "Extra inputs"),
    ],
)
def test_what_scales_nothing_or_cannot_work_is_refused(changes: dict[str, Any], words: str) -> None:
    assert words in refusal(**changes)


def test_a_stack_s_message_names_the_whole_key() -> None:
    with pytest.raises(SettingsError) as error:
        stack(SMALL, SMALL | {"name": "other", "scaling": {}})
    (problem,) = error.value.problems
    assert problem.startswith("ai-platform:platform.models[1].scaling: replicas.min and replicas.max are both 1")


def test_all_names_that_lead_to_a_model_are_demand_for_it() -> None:
    adapter = {"name": "tuned", "s3": "s3://models/adapters/tuned"}
    made = stack(
        SMALL | {"replicas": {"min": 0, "max": 1}, "aliases": ["default"], "adapters": [adapter]},
        SMALL | {"name": "large"},
        SMALL | {"name": "other"},
        cascade=[{"name": "auto", "simple": "small", "complex": "large"}],
        splits=[{"name": "trial", "models": {"small": 90, "other": 10}}],
    )
    assert {model: set(names) for model, names in names_by_model(made).items()} == {
        "small": {"small", "default", "tuned", "trial", "auto"},
        "large": {"large", "auto"},
        "other": {"other", "trial"},
    }


EMBEDDING = SMALL | {
    "name": "embedder",
    "task": "embedding",
    "weights": {"huggingFace": "Qwen/Qwen3-Embedding-0.6B", "revision": "97b0c614be4d77ee51c0cef4e5f07c00f9eb65b3"},
}
SEMANTIC = {"kind": "semantic", "semantic": {"embeddingModel": "embedder"}}


@pytest.mark.parametrize(
    ("supporting", "gateway", "key"),
    [
        (SMALL | {"name": "judge"}, {"guardrails": {"judge": {"model": "judge"}}}, "gateway.guardrails.judge.model"),
        (EMBEDDING, {"cache": SEMANTIC}, "gateway.cache.semantic.embeddingModel"),
    ],
)
def test_a_model_that_the_gateway_itself_asks_never_stops(
    supporting: dict[str, Any], gateway: dict[str, Any], key: str
) -> None:
    stack(SMALL, supporting, **gateway)
    with pytest.raises(SettingsError) as error:
        stack(SMALL, supporting | {"replicas": {"min": 0, "max": 1}}, **gateway)
    (problem,) = error.value.problems
    assert problem.startswith("ai-platform:platform.models[1].replicas.min: 0 stops")
    assert f"{key} asks it about every request" in problem
    # Nobody but the gateway depends on the others.
    stack(SMALL | {"replicas": {"min": 0, "max": 1}}, supporting, **gateway)


def test_operators_and_their_namespace_exist_for_models_that_need_them_only() -> None:
    fixed, moving = stack(SMALL), stack(SMALL, SMALL | {"name": "moving", "replicas": {"min": 1, "max": 2}})
    assert not needed_operators(fixed).autoscaling
    assert needed_operators(fixed).namespaces == ()
    assert needed_operators(moving).autoscaling
    assert [namespace.name for namespace in needed_operators(moving).namespaces] == ["serving-operators"]


def whole_node(name: str, **replicas: int) -> dict[str, Any]:
    gpu = {"pool": "gpu", "count": 4}
    return SMALL | {"name": name, "gpu": gpu, "replicas": {"min": 1, "max": 1} | replicas}


def test_a_model_on_demand_keeps_the_room_of_its_first_replica() -> None:
    assert stack(whole_node("late", min=0)).models[0].replicas.min == 0
    with pytest.raises(SettingsError) as error:
        stack(SMALL, whole_node("late", min=0))
    (problem,) = error.value.problems
    assert "want 5 x nvidia.com/gpu in all, the pool has 1 nodes with 4 each" in problem


@pytest.mark.parametrize(("utilization", "limit"), [(0.6, 0.9), (0.9, 0.95), (0.92, 0.97), (0.97, 0.99)])
def test_memory_alerts_stay_above_what_servers_take_by_design(utilization: float, limit: float) -> None:
    made = stack(SMALL | {"gpuMemoryUtilization": 0.6}, SMALL | {"name": "other", "gpuMemoryUtilization": utilization})
    assert triggers(made).gpu_memory_use == limit > utilization


def test_limits_of_alerts_can_be_set() -> None:
    limits = {"gpuUse": 0.7, "gpuMemoryUse": 0.98, "kvCacheUse": 0.8, "queueDepth": 9, "p95Seconds": 4}
    made = stack(SMALL)
    observability = ObservabilitySettings.model_validate({"triggers": limits})
    found = triggers(made.model_copy(update={"observability": observability}))
    assert (found.gpu_use, found.gpu_memory_use, found.kv_cache_use) == (0.7, 0.98, 0.8)
    assert (found.queue_depth, found.p95_seconds) == (9, 4)


def test_a_start_may_take_as_long_as_the_slowest_model_needs() -> None:
    made = stack(SMALL)
    assert triggers(made).start_seconds == rollout_seconds(serving(made.models[0])) > 1800
