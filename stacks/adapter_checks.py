"""Checks of LoRA adapters against the teams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from stacks.schema.models import ModelSettings
from stacks.schema.teams import TeamSettings


def adapter_errors(models: Iterable[ModelSettings], teams: Sequence[TeamSettings]) -> Iterator[str]:
    """Adapters for teams that do not exist or could not call them, each as `<key path>: <fault and fix>`."""
    known = {team.name: (index, team) for index, team in enumerate(teams)}
    for model_index, model in enumerate(models):
        for index, adapter in enumerate(model.adapters):
            path = f"models[{model_index}].adapters[{index}].teams"
            for name in adapter.teams:
                if name not in known:
                    present = ", ".join(sorted(known)) or "none"
                    yield f"{path}: no team is called {name!r}; there are {present}"
                    continue
                team_index, team = known[name]
                if not {"*", adapter.name} & set(team.models):
                    yield (
                        f"{path}: team {name!r} could not call {adapter.name!r}: add it to teams[{team_index}].models, "
                        "or remove the team here"
                    )
