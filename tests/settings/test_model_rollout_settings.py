from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from components.base.rollout_plan import RolloutPlan, UpdateWindow
from stacks.rollout import is_weighted, rollout_plan, rollout_problems, surge
from stacks.schema.model_gpu import ModelGpuSettings
from stacks.schema.model_rollout import RolloutSettings
from stacks.schema.models import ModelSettings


def model(name: str = "qwen3-8b", **changes: Any) -> ModelSettings:
    fields: dict[str, Any] = {
        "name": name,
        "task": "chat",
        "weights": {"huggingFace": "Qwen/Qwen3-8B", "revision": "b968826d9c46dd6066d109eabc6255188de91218"},
        "maxModelLen": 32768,
        "gpu": {"pool": "l40s"},
    }
    return ModelSettings.model_validate(fields | changes)


def problems(*models: ModelSettings) -> list[str]:
    return list(rollout_problems(models))


def refusal(rollout: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        RolloutSettings.model_validate(rollout)
    (error,) = caught.value.errors()
    return error["msg"]


def test_replica_after_replica_is_the_default_and_needs_nothing() -> None:
    assert rollout_plan(model()) is None
    assert surge(model()) == 0
    assert not is_weighted(model())


def test_a_canary_goes_by_5_25_50_100_unless_told_otherwise() -> None:
    assert rollout_plan(model(rollout={"strategy": "canary"})) == RolloutPlan(strategy="canary")
    plan = rollout_plan(model(rollout={"strategy": "canary", "steps": [10, 100]}))
    assert plan
    assert plan.weights == (10, 100)


def test_every_setting_reaches_the_plan() -> None:
    rollout = {
        "strategy": "blue-green",
        "pauseSeconds": 600,
        "analysis": {"errorRate": 0.02, "p95Seconds": 3, "minRequests": 50},
        "windows": ["sun:23:00-mon:01:00"],
        "promotion": "manual",
    }
    assert rollout_plan(model(rollout=rollout)) == RolloutPlan(
        strategy="blue-green",
        pause_seconds=600,
        error_rate=0.02,
        p95_seconds=3,
        min_requests=50,
        windows=(UpdateWindow(start=6 * 1440 + 23 * 60, minutes=120),),
        manual=True,
    )


def test_only_a_canary_passes_the_internal_gateway() -> None:
    assert is_weighted(model(rollout={"strategy": "canary"}))
    assert not is_weighted(model(rollout={"strategy": "blue-green"}))


def test_a_canary_needs_one_more_replica_and_blue_green_all_of_them_again() -> None:
    three = {"min": 3, "max": 3}
    assert surge(model(replicas=three, rollout={"strategy": "canary"})) == 1
    assert surge(model(replicas=three, rollout={"strategy": "blue-green"})) == 3


@pytest.mark.parametrize(
    ("rollout", "words"),
    [
        ({"strategy": "canary", "steps": [5, 50]}, "must end with 100"),
        ({"strategy": "canary", "steps": []}, "must end with 100"),
        ({"strategy": "canary", "steps": [50, 25, 100]}, "must grow"),
        ({"strategy": "canary", "steps": [50, 50, 100]}, "must grow"),
        ({"strategy": "blue-green", "steps": [100]}, "strategy blue-green takes none"),
        ({"windows": ["sun:01:00-sun:05:00"]}, "windows: strategy rolling has no steps"),
        ({"strategy": "rolling", "pauseSeconds": 60}, "pauseSeconds: strategy rolling"),
        ({"strategy": "canary", "windows": ["sun:01:00-sun:01:10"]}, "no window of 30 minutes"),
        ({"strategy": "canary", "analysis": {"errorRate": 0}}, "greater than 0"),
        ({"strategy": "canary", "analysis": {"minRequests": 0}}, "greater than or equal to 1"),
    ],
)
def test_what_makes_no_rollout_is_refused_with_the_fix(rollout: dict[str, Any], words: str) -> None:
    assert words in refusal(rollout)


def test_a_name_that_a_rollout_needs_is_no_models_name() -> None:
    canary = model(rollout={"strategy": "canary"})
    (problem,) = problems(canary, model("qwen3-8b-canary"))
    assert problem.startswith("models[1].name: 'qwen3-8b-canary' is also what the canary Service of models[0]")
    assert problems(canary, model("qwen3-8b-preview")) == []
    assert len(problems(model(rollout={"strategy": "blue-green"}), model("qwen3-8b-preview"))) == 1
    several = {"pool": "l40s", "nodes": 2, "severalNodes": {"reason": "a test of names"}}
    assert len(problems(model(gpu=several), model("qwen3-8b-group"))) == 1


def test_a_rollout_over_several_nodes_or_over_no_replica_is_refused() -> None:
    several = {"pool": "l40s", "nodes": 2, "severalNodes": {"reason": "a test of rollouts"}}
    (problem,) = problems(model(gpu=several, rollout={"strategy": "canary"}))
    assert "lie on 2 nodes; use rolling" in problem
    (problem,) = problems(model(replicas={"min": 0, "max": 1}, rollout={"strategy": "canary"}))
    assert "set replicas.min to 1" in problem


@pytest.mark.parametrize(
    ("gpu", "words"),
    [
        ({"pool": "p", "nodes": 2, "count": 2, "dataParallel": 2}, "exclude each other: set dataParallel to 1"),
        ({"pool": "p", "severalNodes": {"reason": "there is none"}}, "severalNodes is for nodes above 1"),
        ({"pool": "p", "nodes": 2, "severalNodes": {"reason": "why"}}, "at least 10 characters"),
    ],
)
def test_gpus_on_several_nodes_are_consistent(gpu: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        ModelGpuSettings.model_validate(gpu)
