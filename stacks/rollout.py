"""From settings to how a new version of a model takes over, and what cannot be rolled out so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from components.base.model_objects import group_name, successor_service
from components.base.rollout_plan import RolloutPlan, UpdateWindow
from stacks.schema.models import ModelSettings
from stacks.schema.time_windows import weekly_span


def rollout_plan(model: ModelSettings) -> RolloutPlan | None:
    """How the model is rolled out, None for replica after replica."""
    settings = model.rollout
    if settings.strategy == "rolling":
        return None
    spans = [weekly_span(window) for window in settings.windows]
    return RolloutPlan(
        strategy=settings.strategy,
        weights=settings.weights,
        pause_seconds=settings.pause_seconds,
        error_rate=settings.analysis.error_rate,
        p95_seconds=settings.analysis.p95_seconds,
        min_requests=settings.analysis.min_requests,
        windows=tuple(UpdateWindow(start=span.start, minutes=span.minutes) for span in spans),
        manual=settings.promotion == "manual",
    )


def is_weighted(model: ModelSettings) -> bool:
    """Whether requests for the model pass the internal gateway, which splits them between two versions."""
    return model.rollout.strategy == "canary"


def surge(model: ModelSettings) -> int:
    """Replicas that an update of the model needs beside those that run."""
    plan = rollout_plan(model)
    return plan.surge(max(1, model.replicas.min)) if plan else 0


def rollout_problems(models: Sequence[ModelSettings]) -> Iterator[str]:
    """What the sections of one model, or two models, exclude in each other."""
    names = {model.name: index for index, model in enumerate(models)}
    for index, model in enumerate(models):
        for made, what in _made_names(model):
            if made in names:
                yield (
                    f"models[{names[made]}].name: {made!r} is also what {what} of models[{index}] ({model.name}) is "
                    "called; choose another name"
                )
        if model.rollout.strategy == "rolling":
            continue
        if model.gpu.nodes > 1:
            yield (
                f"models[{index}].rollout.strategy: {model.rollout.strategy} needs replicas of one pod, and those of "
                f"{model.name} lie on {model.gpu.nodes} nodes; use rolling"
            )
        if model.replicas.min == 0:
            yield (
                f"models[{index}].rollout.strategy: {model.rollout.strategy} needs a replica to compare with, and "
                f"{model.name} may have none; use rolling, or set replicas.min to 1"
            )


def _made_names(model: ModelSettings) -> Iterator[tuple[str, str]]:
    """Names of Services beside the model's own."""
    plan = rollout_plan(model)
    if plan:
        yield successor_service(model.name, plan), f"the {plan.strategy} Service"
    if model.gpu.nodes > 1:
        yield group_name(model.name), "the group of pods"
