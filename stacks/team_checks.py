"""Checks of teams against their tiers, and of whose data may reach which model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from stacks.gateway_names import GatewayName, gateway_names, may_call, open_names
from stacks.schema.gateway import GatewaySettings
from stacks.schema.models import ModelSettings
from stacks.schema.teams import TeamSettings

Names = Mapping[str, GatewayName]


def team_errors(
    gateway: GatewaySettings, teams: Iterable[TeamSettings], models: Iterable[ModelSettings] = ()
) -> list[str]:
    """Problems of `teams` with their tiers and with models that are not for their data.

    Teams of an unknown tier are left to another check.
    """
    names = {entry.name: entry for entry in reversed(gateway_names(gateway, models))}
    errors: list[str] = []
    known = [(index, team) for index, team in enumerate(teams) if team.tier in gateway.tiers]
    for index, team in known:
        errors.extend(_tier_errors(index, team, gateway))
        errors.extend(_closed_errors(index, team, names))
    return [*errors, *_leaks(gateway, [team for _, team in known], names)]


def _tier_errors(index: int, team: TeamSettings, gateway: GatewaySettings) -> Iterator[str]:
    tier = gateway.tiers[team.tier]
    if team.budget_usd_per_month > tier.max_budget_usd_per_month:
        yield (
            f"teams[{index}].budgetUsdPerMonth: {team.budget_usd_per_month:g} is above the "
            f"{tier.max_budget_usd_per_month:g} of tier {team.tier!r}; lower it or move the team to another tier"
        )
    if "*" in tier.models:
        return
    for model in team.models:
        if model != "*" and model not in tier.models:
            yield (
                f"teams[{index}].models: {model!r} is not open to tier {team.tier!r}, which has "
                f"{', '.join(tier.models)}; remove it or move the team to another tier"
            )


def _closed_errors(index: int, team: TeamSettings, names: Names) -> Iterator[str]:
    for model in team.models:
        entry = names.get(model)
        if entry is None or may_call(team, entry):
            continue
        if entry.data_classes is not None and team.data_class not in entry.data_classes:
            yield (
                f"teams[{index}].models: {model!r} is open to data of class {_listed(entry.data_classes)} and team "
                f"{team.name!r} has {team.data_class}; remove it"
            )
        else:
            yield f"teams[{index}].models: {model!r} is open to {_listed(entry.teams or ())} only; remove it"


def _leaks(gateway: GatewaySettings, teams: Iterable[TeamSettings], names: Names) -> Iterator[str]:
    """Fallbacks that would send a team's data where data of its class may not go."""
    callers = [(team, _reached(team, gateway, names)) for team in teams]
    for model, targets in gateway.fallbacks.items():
        for target in targets:
            classes = names[target].data_classes if target in names else None
            if classes is None:
                continue
            wronged = sorted(
                f"{team.name} ({team.data_class})"
                for team, reached in callers
                if model in reached and team.data_class not in classes
            )
            if wronged:
                yield (
                    f"gateway.fallbacks.{model}: {target!r} is open to data of class {_listed(classes)}, and "
                    f"{', '.join(wronged)} may call {model!r}; remove the fallback, or give these teams models "
                    "without it"
                )


def _reached(team: TeamSettings, gateway: GatewaySettings, names: Names) -> set[str]:
    """Names whose models may answer the team, by themselves, behind another name, or as a fallback."""
    waiting = list(open_names(team, gateway.tiers[team.tier].models, names.values()) or names)
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        waiting.extend(names[name].targets if name in names else ())
        waiting.extend(gateway.fallbacks.get(name, ()))
    return found


def _listed(items: Iterable[str]) -> str:
    return ", ".join(sorted(items))
