"""Every name that clients may call, what answers it, and whose data may go there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from stacks.schema.gateway import GatewaySettings
from stacks.schema.models import ModelSettings
from stacks.schema.teams import DataClass, TeamSettings

Kind = Literal["model", "adapter", "alias", "cascade", "split", "external model"]


@dataclass(frozen=True, kw_only=True)
class GatewayName:
    """One name. `path` is where it is set, `model` the served model whose servers answer it, `targets` are the names
    that answer it when it has no servers of its own.

    `data_classes` None means every class, `teams` None every team.
    """

    name: str
    kind: Kind
    path: str
    task: str
    model: str | None = None
    targets: tuple[str, ...] = ()
    data_classes: frozenset[DataClass] | None = None
    teams: frozenset[str] | None = None

    @property
    def restricted(self) -> bool:
        """Whether some team may not call it although its tier has every model."""
        return self.data_classes is not None or self.teams is not None


def gateway_names(gateway: GatewaySettings, models: Iterable[ModelSettings]) -> tuple[GatewayName, ...]:
    """All names in the order of the settings, the same name twice where two parts of the settings claim it."""
    own = tuple(_own_names(gateway, models))
    by_name = {entry.name: entry for entry in reversed(own)}
    return (*own, *_composed_names(gateway, by_name))


def _own_names(gateway: GatewaySettings, models: Iterable[ModelSettings]) -> Iterator[GatewayName]:
    for index, model in enumerate(models):
        path = f"models[{index}]"
        yield GatewayName(name=model.name, kind="model", path=f"{path}.name", task=model.task, model=model.name)
        for position, alias in enumerate(model.aliases):
            yield GatewayName(
                name=alias,
                kind="alias",
                path=f"{path}.aliases[{position}]",
                task=model.task,
                targets=(model.name,),
            )
        for position, adapter in enumerate(model.adapters):
            yield GatewayName(
                name=adapter.name,
                kind="adapter",
                path=f"{path}.adapters[{position}].name",
                task=model.task,
                model=model.name,
                teams=frozenset(adapter.teams) or None,
            )
    for index, external in enumerate(gateway.external):
        yield GatewayName(
            name=external.name,
            kind="external model",
            path=f"gateway.external[{index}].name",
            task=external.task,
            data_classes=frozenset(external.data_classes),
        )


def _composed_names(gateway: GatewaySettings, by_name: Mapping[str, GatewayName]) -> Iterator[GatewayName]:
    for index, split in enumerate(gateway.splits):
        yield _composed(split.name, "split", f"gateway.splits[{index}].name", tuple(split.models), by_name)
    for index, cascade in enumerate(gateway.cascade):
        targets = tuple(dict.fromkeys(filter(None, (cascade.simple, cascade.medium, cascade.complex))))
        yield _composed(cascade.name, "cascade", f"gateway.cascade[{index}].name", targets, by_name)


def _composed(
    name: str, kind: Kind, path: str, targets: tuple[str, ...], by_name: Mapping[str, GatewayName]
) -> GatewayName:
    """A name that is as open as the least open of what answers it."""
    found = [by_name[target] for target in targets if target in by_name]
    classes = [entry.data_classes for entry in found if entry.data_classes is not None]
    teams = [entry.teams for entry in found if entry.teams is not None]
    return GatewayName(
        name=name,
        kind=kind,
        path=path,
        task=found[0].task if found else "",
        targets=targets,
        data_classes=frozenset.intersection(*classes) if classes else None,
        teams=frozenset.intersection(*teams) if teams else None,
    )


def may_call(team: TeamSettings, entry: GatewayName) -> bool:
    """Whether the team's data and its own name allow it to call `entry`, whatever its tier and its list say."""
    if entry.data_classes is not None and team.data_class not in entry.data_classes:
        return False
    return entry.teams is None or team.name in entry.teams


def open_names(team: TeamSettings, tier_models: tuple[str, ...], names: Iterable[GatewayName]) -> tuple[str, ...]:
    """Names that the team may call; empty for every name, as the gateway understands it.

    The list is written out only where it must be: where some name is not for everybody.
    """
    every = tuple(names)
    if "*" not in team.models:
        return tuple(team.models)
    if "*" in tier_models and not any(entry.restricted for entry in every):
        return ()
    return tuple(
        dict.fromkeys(
            entry.name for entry in every if ("*" in tier_models or entry.name in tier_models) and may_call(team, entry)
        )
    )
