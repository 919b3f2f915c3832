"""How a new version of a model takes over from the running one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from stacks.schema.base import PositiveInt, SettingsModel
from stacks.schema.time_windows import WeeklyWindow

FULL = 100
"""The last weight: everybody is served by the new version."""

Weight = Annotated[int, Field(ge=1, le=FULL)]


class RolloutAnalysisSettings(SettingsModel):
    """What the new version must hold; otherwise the running one takes everything back."""

    error_rate: Annotated[float, Field(gt=0, le=1)] = 0.01
    """Largest share of requests that the new version may answer with a server error."""
    p95_seconds: Annotated[float, Field(gt=0, le=600)] = 5.0
    """95 of 100 requests must be answered faster: until the first token for text, as a whole for other tasks."""
    min_requests: PositiveInt = 20
    """Requests that the new version must have answered before it is judged. Until then a canary stays at its weight."""


class RolloutSettings(SettingsModel):
    """How a new version of the model, of its settings or of the server takes over."""

    strategy: Literal["rolling", "canary", "blue-green"] = "rolling"
    """`rolling`: a replica stops before its successor starts; needs no spare GPUs. `canary`: the new version gets a
    growing share of the requests and is judged at each; needs room for one more replica. `blue-green`: a second set of
    replicas takes over at once and is judged afterwards; needs room for all replicas twice."""
    steps: tuple[Weight, ...] | None = None
    """Shares of the requests for a canary, in per cent, growing to 100; null: 5, 25, 50, 100."""
    pause_seconds: Annotated[int, Field(ge=30, le=86400)] = 300
    """Least time at each share (canary), or that the new replicas must have run without a crash (blue-green)."""
    analysis: RolloutAnalysisSettings = RolloutAnalysisSettings()
    """When the new version is good enough."""
    windows: tuple[WeeklyWindow, ...] = ()
    """Times of the week (UTC) at which a new version may begin to take requests, for example `sun:01:00-sun:05:00`;
    none: always. What began in a window goes on after its end."""
    promotion: Literal["automatic", "manual"] = "automatic"
    """`manual`: somebody says so before requests go to the new version for good
    (`docs/runbooks/rollouts-alerts.md`)."""

    @model_validator(mode="after")
    def _consistent(self) -> RolloutSettings:
        problem = next(self._problems(), None)
        if problem:
            raise ValueError(problem)
        return self

    def _problems(self) -> Iterator[str]:
        if self.steps is not None and self.strategy != "canary":
            yield f"steps: strategy {self.strategy} takes none: remove them or set strategy: canary"
        elif self.steps is not None and (not self.steps or self.steps[-1] != FULL):
            yield f"steps: {list(self.steps)} must end with {FULL}: add it"
        elif self.steps is not None and any(after <= before for before, after in pairwise(self.steps)):
            yield f"steps: {list(self.steps)} must grow: sort them and remove repeated ones"
        if self.strategy == "rolling":
            given = sorted(self.model_fields_set - {"strategy"})
            if given:
                key = type(self).model_fields[given[0]].alias
                yield f"{key}: strategy rolling has no steps to judge or to wait at: set strategy: canary or blue-green"

    @property
    def weights(self) -> tuple[int, ...]:
        """The steps of a canary."""
        return self.steps if self.steps is not None else (5, 25, 50, FULL)
