"""From settings to how models are scaled, and which operators that needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from components.base.namespaces import PlatformNamespace
from components.serving_operators import NAMESPACE
from components.vllm_model.scaling import Scaling
from stacks.gateway_names import gateway_names
from stacks.schema.model_scaling import DEFAULT_IDLE_SECONDS, ScalingSettings
from stacks.schema.models import ModelSettings

if TYPE_CHECKING:
    from stacks.settings import PlatformSettings


@dataclass(frozen=True, kw_only=True)
class NeededOperators:
    """Operators that at least one model of a stack needs."""

    autoscaling: bool
    multi_node: bool
    rollouts: bool = False

    @property
    def namespaces(self) -> tuple[PlatformNamespace, ...]:
        """Namespaces of the operators: none where none is needed."""
        return (NAMESPACE,) if self.autoscaling or self.multi_node or self.rollouts else ()


def needed_operators(settings: PlatformSettings) -> NeededOperators:
    """What the models of `settings` need."""
    return NeededOperators(
        autoscaling=any(is_scaled(model) for model in settings.models),
        multi_node=any(model.gpu.nodes > 1 for model in settings.models),
        rollouts=any(model.rollout.strategy != "rolling" for model in settings.models),
    )


def is_scaled(model: ModelSettings) -> bool:
    """Whether the model's number of replicas follows its load."""
    return model.replicas.min < model.replicas.max


def scaling(model: ModelSettings, demand: Mapping[str, tuple[str, ...]]) -> Scaling | None:
    """How the model is scaled, None where its number of replicas is fixed. `demand` is from `names_by_model`."""
    if not is_scaled(model):
        return None
    load = model.scaling or ScalingSettings()
    return Scaling(
        min_replicas=model.replicas.min,
        max_replicas=model.replicas.max,
        demand=demand[model.name],
        queue_depth=load.queue_depth,
        kv_cache_use=load.kv_cache_use,
        cooldown_seconds=load.cooldown_seconds,
        idle_seconds=DEFAULT_IDLE_SECONDS if load.idle_seconds is None else load.idle_seconds,
        polling_seconds=load.polling_seconds,
    )


def scaling_problems(settings: PlatformSettings) -> Iterator[str]:
    """Models that the gateway itself asks and that would have stopped when it does. Its questions are no requests of
    clients, so they are no demand, and until the model has started no request gets past it."""
    judge, semantic = settings.gateway.guardrails.judge, settings.gateway.cache.semantic
    asked = {
        "gateway.guardrails.judge.model": judge.model if judge else None,
        "gateway.cache.semantic.embeddingModel": semantic.embedding_model if semantic else None,
    }
    for path, name in asked.items():
        for index, model in enumerate(settings.models):
            if model.name == name and model.replicas.min == 0:
                yield (
                    f"models[{index}].replicas.min: 0 stops {name!r} while no client asks for it, and {path} asks it "
                    "about every request, which does not start it; set it to 1"
                )


def names_by_model(settings: PlatformSettings) -> Mapping[str, tuple[str, ...]]:
    """All names by which clients may ask for each model: its own, its aliases' and adapters', and those of splits and
    cascades over any of them."""
    found: dict[str, list[str]] = {model.name: [] for model in settings.models}
    behind: dict[str, set[str]] = {}
    for entry in gateway_names(settings.gateway, settings.models):
        own = {entry.model} if entry.model else set[str]()
        # What answers a name stands before it; a target outside the platform leads to no model.
        behind[entry.name] = own.union(*(behind.get(target, set[str]()) for target in entry.targets))
        for model in behind[entry.name]:
            found[model].append(entry.name)
    return {model: tuple(names) for model, names in found.items()}
