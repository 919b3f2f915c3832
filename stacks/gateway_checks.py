"""Checks of the gateway's settings against the models and the teams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from stacks.schema.gateway import CascadeSettings, GatewaySettings
from stacks.schema.teams import TeamSettings

_CHAT_TASKS = ("chat", "vision")


def gateway_errors(gateway: GatewaySettings, models: Mapping[str, str]) -> list[str]:
    """Problems of `gateway` with `models` (name to task), each as `<key path>: <what is wrong and how to mend it>`."""
    callable_names = {**models, "*": "", **{entry.name: "" for entry in gateway.cascade}}
    return [
        *_unknown_models("gateway.prices", gateway.prices, models),
        *(
            error
            for name, tier in gateway.tiers.items()
            for error in _unknown_models(f"gateway.tiers.{name}.models", tier.models, callable_names)
        ),
        *_fallback_errors(gateway.fallbacks, models),
        *_cycles(gateway.fallbacks),
        *_cascade_errors(gateway.cascade, models),
    ]


def team_errors(gateway: GatewaySettings, teams: Iterable[TeamSettings]) -> list[str]:
    """Problems of `teams` with the limits of their tiers. Teams of an unknown tier are left to another check."""
    errors: list[str] = []
    for index, team in enumerate(teams):
        tier = gateway.tiers.get(team.tier)
        if tier is None:
            continue
        if team.budget_usd_per_month > tier.max_budget_usd_per_month:
            errors.append(
                f"teams[{index}].budgetUsdPerMonth: {team.budget_usd_per_month:g} is above the "
                f"{tier.max_budget_usd_per_month:g} of tier {team.tier!r}; lower it or move the team to another tier"
            )
        if "*" not in tier.models:
            errors.extend(
                f"teams[{index}].models: {model!r} is not open to tier {team.tier!r}, which has "
                f"{', '.join(tier.models)}; remove it or move the team to another tier"
                for model in team.models
                if model != "*" and model not in tier.models
            )
    return errors


def _unknown_models(path: str, names: Iterable[str], models: Mapping[str, str]) -> Iterator[str]:
    for name in names:
        if name not in models:
            yield f"{path}: no model is called {name!r}; there are {', '.join(sorted(models))}"


def _fallback_errors(fallbacks: Mapping[str, tuple[str, ...]], models: Mapping[str, str]) -> Iterator[str]:
    yield from _unknown_models("gateway.fallbacks", fallbacks, models)
    for model, targets in fallbacks.items():
        path = f"gateway.fallbacks.{model}"
        yield from _unknown_models(path, targets, models)
        for target in targets:
            if model in models and target in models and models[target] != models[model]:
                yield (
                    f"{path}: {target!r} serves {models[target]} and cannot answer for {model!r}, which serves "
                    f"{models[model]}; name a model of the same task"
                )


def _cycles(fallbacks: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for start in fallbacks:
        trail = _trail_back(start, fallbacks)
        # Each cycle is reported once, from its alphabetically first member.
        if trail and start == min(trail):
            yield f"gateway.fallbacks.{start}: {' -> '.join([*trail, start])} is a cycle; remove one of its steps"


def _trail_back(start: str, fallbacks: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The shortest way from `start` back to itself, without its end; empty when there is none."""
    trails = [[start]]
    seen: set[str] = set()
    while trails:
        trail = trails.pop(0)
        for target in fallbacks.get(trail[-1], ()):
            if target == start:
                return trail
            if target not in seen:
                seen.add(target)
                trails.append([*trail, target])
    return []


def _cascade_errors(cascade: Iterable[CascadeSettings], models: Mapping[str, str]) -> Iterator[str]:
    taken = dict.fromkeys(models, "a model")
    for index, entry in enumerate(cascade):
        path = f"gateway.cascade[{index}]"
        if entry.name in taken:
            yield f"{path}.name: {entry.name!r} is already the name of {taken[entry.name]}, choose another"
        taken[entry.name] = "another cascade"
        for key in ("simple", "medium", "complex"):
            target = getattr(entry, key)
            if target is None:
                continue
            yield from _unknown_models(f"{path}.{key}", [target], models)
            if models.get(target, "chat") not in _CHAT_TASKS:
                yield f"{path}.{key}: {target!r} serves {models[target]}; a cascade needs chat models"
