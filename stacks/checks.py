"""Checks across sections of the settings: what each section alone cannot know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from stacks.adapter_checks import adapter_errors
from stacks.arguments.identity import realm
from stacks.edge_checks import edge_errors
from stacks.gateway_checks import gateway_errors
from stacks.gateway_names import gateway_names
from stacks.node_checks import node_errors, with_instance_types
from stacks.prices import price_problems
from stacks.scaling import scaling_problems
from stacks.schema.cluster import EksClusterSettings, node_pools
from stacks.schema.eks_services import LONGEST_ENVIRONMENT
from stacks.serving import model_problems
from stacks.team_checks import team_errors

if TYPE_CHECKING:
    from stacks.settings import PlatformSettings


def setting_problems(settings: PlatformSettings) -> list[str]:
    """All problems, each as `<key path below the platform key>: <what is wrong and how to mend it>`."""
    model_names = [model.name for model in settings.models]
    models = list(with_instance_types(model_problems(settings.models, node_pools(settings.cluster)), settings))
    return [
        *_environment_problems(settings),
        *_repeated("models", model_names),
        *_repeated("teams", [team.name for team in settings.teams]),
        *_team_problems(settings),
        *models,
        # The price of a model's tokens follows from how it fits its GPUs.
        *(() if models else price_problems(settings)),
        *scaling_problems(settings),
        *node_errors(settings),
        *_realm_problems(settings),
        *gateway_errors(settings.gateway, settings.models),
        *adapter_errors(settings.models, settings.teams),
        *team_errors(settings.gateway, settings.teams, settings.models),
        *edge_errors(settings),
    ]


def _environment_problems(settings: PlatformSettings) -> Iterator[str]:
    name = settings.environment
    if isinstance(settings.cluster, EksClusterSettings) and len(name) > LONGEST_ENVIRONMENT:
        yield (
            f"environment: {name!r} has {len(name)} characters, names of resources in AWS leave room for "
            f"{LONGEST_ENVIRONMENT}: shorten it"
        )


def _repeated(section: str, names: Sequence[str]) -> Iterator[str]:
    for index, name in enumerate(names):
        first = names.index(name)
        if first != index:
            yield f"{section}[{index}].name: {name!r} is already the name of {section}[{first}], choose another"


def _team_problems(settings: PlatformSettings) -> Iterator[str]:
    tiers = sorted(settings.gateway.tiers)
    known = {"*", *(entry.name for entry in gateway_names(settings.gateway, settings.models))}
    for index, team in enumerate(settings.teams):
        if team.tier not in tiers:
            yield f"teams[{index}].tier: {team.tier!r} is no tier of the gateway, which has {', '.join(tiers)}"
        for model in team.models:
            if model not in known:
                yield f"teams[{index}].models: no model is called {model!r}; there are {', '.join(sorted(known))}"


def _realm_problems(settings: PlatformSettings) -> Iterator[str]:
    try:
        realm(settings.identity, settings.teams).check()
    except ValueError as error:
        yield str(error)
